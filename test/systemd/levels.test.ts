import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { DestinationReport } from '../../agent/model/assessment.ts';
import { Inside, WITH_TRACEFS } from '../e2e/inside.ts';
import { sampleValue } from '../e2e/samples.ts';
import { Netns, obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { root } from '../support/golden.ts';
import { needs } from '../support/needs.ts';
import { NotifySocket } from '../support/notify-socket.ts';
import { MAIN } from '../support/program.ts';

const UNIT = `${root}systemd/lastport.service`;
const FULL = `${root}systemd/full.conf`;
const TRACE = `${root}systemd/trace.conf`;
const TICK = ['--tick', '100ms'];

/** As the unit with these drop-ins has it run; `env` is what systemd would set beside. */
const asUnit = (dropIns: readonly string[], env: Readonly<Record<string, string>>, args: readonly string[]) => [
  'env',
  ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  ...['python3', `${root}test/systemd/in-unit.py`, UNIT, ...dropIns, '--'],
  ...[process.execPath, MAIN, ...args],
];

async function why(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'needs root';
  if (spawnSync('setpriv', ['--reuid=61999', '--clear-groups', 'test', '-r', MAIN]).status !== 0) {
    return 'needs setpriv, and a folder that all may read';
  }
  return needs('systemd-analyze') || (await obstacle());
}

const skip = await why();

describe('lastport, run with what its unit leaves it', { skip, timeout: 60_000 }, () => {
  async function inUnit(dropIns: readonly string[], work: (inside: Inside, notified: () => string[]) => Promise<void>) {
    const inside = await Inside.open({ starts: false });
    chmodSync(inside.folder, 0o755);
    const address = join(inside.folder, 'notify');
    const socket = new NotifySocket(address);
    chmodSync(address, 0o777);
    const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '30000000' };
    const wrap = dropIns.includes(TRACE) ? WITH_TRACEFS : [];
    try {
      await inside.start('lastport', [...wrap, ...asUnit(dropIns, env, ['run', ...TICK])]);
      const heard: string[] = [];
      await inside.until('READY=1', async () => {
        heard.push(...socket.read());
        return heard.includes('READY=1') ? heard : null;
      });
      await work(inside, () => socket.read());
    } finally {
      await inside.close();
      socket.close();
    }
  }

  const destination = (inside: Inside, isComplete: (one: DestinationReport) => boolean) =>
    inside.until(`${A} as it is`, async () => {
      const netns = Number(await inside.inode());
      const own = (await inside.assessment()).namespaces.find((one) => one.netns === netns);
      const found = own?.destinations.find(({ remote, remotePort }) => `${remote}:${remotePort}` === A);
      return found !== undefined && isComplete(found) ? found : null;
    });

  it('sees the own namespace without any privilege, and says what it does not see', async () => {
    await inUnit([], async (inside, notified) => {
      await inside.net.connect({ to: A, count: 300, name: 'a' });
      const { headroomPorts, owners } = await destination(inside, ({ usedPorts }) => usedPorts === 300);
      assert.equal(headroomPorts, (await inside.net.count(A)).headroom);
      assert.equal(owners?.length ?? 0, 0);
      const { namespaces, gaps } = await inside.assessment();
      assert.equal(namespaces.length, 1);
      assert.ok(gaps.some(({ source }) => source === 'proc-ns-net'));
      assert.ok(gaps.some(({ source }) => source === 'proc-fd'));
      await inside.until('signs of life', async () => notified().find((line) => line === 'WATCHDOG=1') ?? null);
      assert.doesNotMatch(inside.log('lastport'), /"err":/); // nothing was refused that it needs
    });
  });

  it('sees other namespaces and whose ports they are with full.conf', async () => {
    await inUnit([FULL], async (inside) => {
      await inside.net.connect({ to: A, count: 300, name: 'a' });
      const { owners } = await destination(
        inside,
        ({ owners, usedPorts }) => owners?.length === 1 && usedPorts === 300,
      );
      assert.match(owners?.[0]?.command ?? '', /python3/);
      assert.equal(owners?.[0]?.usedPorts, 300);
      const { stdout } = await inside.net.run(['readlink', '/proc/self/ns/net'], 'server');
      const other = Number(/\d+/.exec(stdout)?.[0]);
      await inside.until('the other side', async () => {
        const { namespaces } = await inside.assessment();
        return namespaces.find(({ netns }) => netns === other) ?? null;
      });
    });
  });

  it('follows the kernel’s trace with trace.conf, and takes no other namespace’s connections for its own', async () => {
    await inUnit([TRACE], async (inside) => {
      const { net } = inside;
      const other = await Netns.open();
      try {
        // The same addresses on both ends, which the trace alone cannot tell apart: who connects is asked, while he is there.
        await other.listen('[::]:8080');
        await other.connect({ to: A, count: 60, name: 'not here' });
        await net.connect({ to: A, count: 200, name: 'a' });
        await net.hangUp('a', 'server', 120);
        const page = await inside.until('the closes', async () => {
          const text = await inside.freshMetrics();
          return sampleValue(text, 'lastport_destination_closes_total', { destination: A, closer: 'remote' }) === 120
            ? text
            : null;
        });
        assert.equal(sampleValue(page, 'lastport_destination_opens_total', { destination: A }), 200);
        assert.equal(sampleValue(page, 'lastport_trace_lost_events_total'), 0);
      } finally {
        await other.close();
      }
    });
  });
});
