import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import { lastport } from '../support/program.ts';

const ID = '4f0c2e1d9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d';
const UID = '1a2b3c4d-0001-4aaa-8bbb-0123456789ab';
const POD = 'api-7d9f8b6c5-x2x4z';

/** A program of a pod: thirty connections to itself. It says so, and keeps them. */
const PROGRAM = `
const net = require('node:net');
require('node:child_process').execFileSync('ip', ['link', 'set', 'lo', 'up']);
const server = net.createServer(() => {}).listen(8080, '127.0.0.1', () => {
  let open = 0;
  for (let n = 0; n < 30; n++) net.connect(8080, '127.0.0.1', () => ++open === 30 && console.log('open'));
});`;

/** Where cgroups of version 2 are; null: nowhere that this process may make one. */
function unified(): string | null {
  const place = readFileSync('/proc/mounts', 'utf8').match(/^\S+ (\S+) cgroup2 /m)?.[1];
  if (place === undefined) return null;
  try {
    accessSync(place, constants.W_OK);
    return place;
  } catch {
    return null;
  }
}

const place = process.getuid?.() === 0 ? unified() : null;

describe('the pods of a node', { skip: place === null ? 'needs root and cgroups of version 2' : false }, () => {
  const cgroup = join(
    place ?? '',
    `lastport-test-${process.pid}`,
    `kubepods-pod${UID.replaceAll('-', '_')}.slice`,
    `crio-${ID}.scope`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'lastport-pods-'));
  let program: ChildProcess;

  before(async () => {
    mkdirSync(cgroup, { recursive: true });
    const inside = `echo $$ > ${cgroup}/cgroup.procs && exec unshare --net "$0" -e "$1"`;
    program = spawn('sh', ['-c', inside, process.execPath, PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(program.stdout!, 'data');
    symlinkSync(`/var/log/pods/payments_${POD}_${UID}/app/0.log`, join(folder, `${POD}_payments_app-${ID}.log`));
  });
  after(async () => {
    program.kill('SIGKILL');
    await once(program, 'exit');
    // A cgroup goes when nothing is left in it, one after the other.
    for (const path of [cgroup, dirname(cgroup), dirname(dirname(cgroup))]) rmdirSync(path);
    rmSync(folder, { recursive: true });
  });

  const seen = (...options: string[]) => {
    const args = ['check', '--all', '--netns', String(program.pid), '--format', 'json', ...options];
    const [namespace] = (JSON.parse(lastport(args).stdout) as Assessment).namespaces;
    const owner = namespace?.destinations.find(({ remotePort }) => remotePort === 8080)?.owners?.[0];
    return { label: namespace?.label, container: owner?.container, ports: owner?.usedPorts };
  };

  it('are told by the names that the kubelet gives them', () => {
    const named = { label: `payments/${POD}`, container: `payments/${POD}/app`, ports: 30 };
    assert.deepEqual(seen('--pod-logs', folder), named);
  });

  it('are told by the ids of their containers where nobody is to ask', () => {
    const short = ID.slice(0, 12);
    assert.deepEqual(seen('--pod-logs', 'off'), { label: short, container: short, ports: 30 });
  });
});
