import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { frame, HELLO, WIRE_VERSION } from '../../collectors/undici/wire.cts';
import { root } from '../support/golden.ts';
import { IS_LONG, noNamespaces, type Subject, withSubject } from './subject.ts';

const FLOOD = `${root}test/faults/programs/flood.mjs`;
const FLOOD_SECONDS = IS_LONG ? 30 : 2;
const MOST_PROBES = 200;
const PROBES = 'lastport_probes';

const hello = (pid: number) => {
  const said = { version: WIRE_VERSION, pid, thread: 0, node: '22.11.0', netns: null, uptime: 1 };
  return frame(HELLO, Buffer.from(JSON.stringify(said)));
};

async function come(subject: Subject, pid: number): Promise<Socket> {
  const socket = connect(subject.probeSocket).on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(hello(pid));
  return socket;
}

describe('probes', { skip: noNamespaces(), timeout: 120_000 }, () => {
  it('of which 200 come and go, again and again, leave nothing behind', () =>
    withSubject({ probe: true }, async (subject) => {
      await subject.look();
      const files = subject.openFiles;
      let before = 0;
      for (let round = 0; round < 5; round++) {
        const all = await Promise.all(Array.from({ length: MOST_PROBES }, (_, index) => come(subject, 1000 + index)));
        await subject.untilMetric(PROBES, (count) => count === MOST_PROBES);
        for (const socket of all) socket.destroy();
        await subject.untilMetric(PROBES, (count) => count === 0);
        if (round === 0) before = subject.residentBytes;
      }
      assert.ok(subject.openFiles <= files + 2, `${files} open files before, ${subject.openFiles} after`);
      assert.ok(subject.residentBytes - before < 40e6, `${subject.residentBytes - before} bytes more`);
    }));

  it('that send all that they can, and none of it right, cost no look, no memory and no log', () =>
    withSubject({ probe: true, stdout: 'pipe' }, async (subject) => {
      let logged = 0;
      subject.child.stdout?.on('data', (chunk: Buffer) => {
        logged += chunk.length;
      });
      await subject.look();
      const files = subject.openFiles;
      const before = subject.residentBytes;
      const looks = async () => (await subject.metric('lastport_tick_duration_seconds_count')) ?? 0;
      const looksBefore = await looks();
      const flood = spawn(process.execPath, [FLOOD, subject.probeSocket, String(FLOOD_SECONDS)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      flood.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await once(flood, 'close');
      const { taken, connections } = JSON.parse(said) as { taken: number; connections: number };
      assert.ok(taken > 1e6 && connections > 100, said);
      // A tenth of a second each, where nobody else wants the processor.
      assert.ok((await looks()) - looksBefore >= FLOOD_SECONDS, `${(await looks()) - looksBefore} looks`);
      assert.ok(((await subject.metric('lastport_probe_events_dropped_total')) ?? 0) > 0);
      await subject.untilMetric(PROBES, (count) => count === 0);
      assert.ok(logged < 64 * 1024, `${logged} bytes of log`);
      assert.ok(subject.residentBytes - before < 100e6, `${subject.residentBytes - before} bytes more`);
      assert.ok(subject.openFiles <= files + 2, `${files} open files before, ${subject.openFiles} after`);
      const real = await come(subject, 77);
      await subject.untilMetric(PROBES, (count) => count === 1);
      real.destroy();
    }));
});
