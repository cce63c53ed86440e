import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import { root } from '../support/golden.ts';
import { needs } from '../support/needs.ts';
import { lastport, MAIN } from '../support/program.ts';

const ID = '4f0c2e1d9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d';
const UID = '1a2b3c4d-0001-4aaa-8bbb-0123456789ab';
const POD = 'api-7d9f8b6c5-x2x4z';

/** A program of a pod: thirty connections to itself. It says so, and keeps them. */
const PROGRAM = `
const net = require('node:net');
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

const [, list = ''] =
  /add:\n([\s\S]*?)appArmor/.exec(readFileSync(`${root}docs/deploy/kubernetes/lastport.yaml`, 'utf8')) ?? [];
const capabilities = [...list.matchAll(/- ([A-Z_]+)$/gm)].map(([, name]) => name!);

const place = process.getuid?.() === 0 ? unified() : null;

const skip = place === null ? 'needs root and cgroups of version 2' : needs('setpriv') || needs('ip');

describe('the pods of a node', { skip }, () => {
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
    // As another user, which is what most pods are.
    const user = 'ip link set lo up && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" -e "$1"';
    const inside = `echo $$ > ${cgroup}/cgroup.procs && exec unshare --net sh -c '${user}' "$0" "$1"`;
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

  const named = { label: `payments/${POD}`, container: `payments/${POD}/app`, ports: 30 };
  const asked = (...options: string[]) => [
    ...['check', '--all', '--netns', String(program.pid), '--format', 'json'],
    ...options,
  ];
  const seen = (...options: string[]) => told(lastport(asked(...options)).stdout);
  const told = (stdout: string) => {
    const [namespace] = (JSON.parse(stdout) as Assessment).namespaces;
    const owner = namespace?.destinations.find(({ remotePort }) => remotePort === 8080)?.owners?.[0];
    return { label: namespace?.label, container: owner?.container, ports: owner?.usedPorts };
  };

  it('are told by the names that the kubelet gives them', () => {
    assert.deepEqual(seen('--pod-logs', folder), named);
  });

  /** As root without any other right, as a container has it. */
  const asContainer = (capabilities: readonly string[]) => {
    const bounds = ['-all', ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(',');
    const rights = [`--bounding-set=${bounds}`, '--inh-caps=-all', '--no-new-privs'];
    const command = [...rights, process.execPath, MAIN, ...asked('--pod-logs', folder)];
    const env = { ...process.env, LASTPORT_STATE_DIR: 'off' };
    return spawnSync('setpriv', command, { encoding: 'utf8', env }).stdout;
  };

  it('are seen with the capabilities of the DaemonSet, and not with one less', () => {
    assert.deepEqual(capabilities.length, 3);
    assert.deepEqual(told(asContainer(capabilities)), named);
    for (const one of capabilities) {
      const stdout = asContainer(capabilities.filter((name) => name !== one));
      assert.notDeepEqual(stdout === '' ? null : told(stdout), named, `${one} is not needed`);
    }
  });

  it('are told by the ids of their containers where nobody is to ask', () => {
    const short = ID.slice(0, 12);
    assert.deepEqual(seen('--pod-logs', 'off'), { label: short, container: short, ports: 30 });
  });
});
