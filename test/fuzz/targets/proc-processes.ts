// What /proc says of processes: where they live, what they have mounted, what they may do.
import assert from 'node:assert/strict';
import { parseCredentials } from '../../../agent/doctor/capabilities.ts';
import { labelOfMount } from '../../../collectors/netns-label.ts';
import { NetnsProcesses } from '../../../collectors/netns-processes.ts';
import { parseMountinfo } from '../../../collectors/proc-mountinfo.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { isOneLine, isWithin, orRefuses } from '../holds.ts';
import type { Target } from '../target.ts';

export const PROC_PROCESSES: readonly Target[] = [
  {
    name: 'mountinfo',
    seeds: ['368 25 0:4 net:[4026532246] /run/netns/a\\040b rw - nsfs nsfs rw\n24 1 8:1 / / rw - ext4 /dev/sda1 rw\n'],
    tokens: ['net:[', '] /', '\\040', '\\377', '0:4 ', '\n', '/../'],
    run(input) {
      for (const [inode, path] of parseMountinfo(input.toString('utf8'), '1/root')) {
        isWithin(inode, 0, 9_999_999_999, 'an inode');
        isOneLine(labelOfMount(path).text, 1 << 20);
        assert.ok(path.startsWith('1/root/'), path);
      }
    },
  },
  {
    name: 'netns-processes',
    seeds: ['1\n42\nself\n99999\n\0net:[4026531840]\0net:[7]\x000.20 0.18 0.12 1/80 11206\n'],
    tokens: ['net:[', ']', '\n', '1/80 9', '4026531840'],
    run(input) {
      const [names = '', one = '', other = '', load = ''] = input.toString('utf8').split('\0');
      const links: Record<string, string> = {};
      for (const [index, name] of names.split('\n').entries())
        links[`${name.replaceAll('/', '')}/ns/net`] = index % 2 === 0 ? one : other;
      const processes = new NetnsProcesses(fakeHost({ loadavg: load }, links));
      for (let times = 0; times < 6; times++) {
        for (const [inode, pid] of processes.read().pids) {
          isWithin(inode, 1, 9_999_999_999, 'an inode');
          isWithin(pid, 0, Number.MAX_SAFE_INTEGER, 'a pid');
        }
      }
    },
  },
  {
    name: 'credentials',
    seeds: ['Name:\tnode\nUid:\t0\t1000\t0\t0\nCapEff:\t0000000000080000\n'],
    tokens: ['Uid:\t', 'CapEff:\t', '\n', 'ffffffffffffffff'],
    run(input) {
      const read = orRefuses(() => parseCredentials(input.toString('latin1')), Error, /^Cannot find "/);
      for (const name of read?.capabilities ?? []) assert.match(name, /^CAP_\w+$/);
    },
  },
];
