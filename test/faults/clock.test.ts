import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Alert } from '../../agent/model/alert.ts';
import { lastport } from '../support/program.ts';
import { IS_LONG, noNamespaces, type Subject, withSubject } from './subject.ts';

/** From Debian's package faketime: a wall clock for one process, which alone is set. */
const FAKETIME = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
const HOUR = 3600;
/** Longer than what /healthz calls stuck. */
const STOPPED_MS = IS_LONG ? 60_000 : 7000;

/** Numbers that no length of time and no count may be. */
function assertSane(where: string, value: unknown): void {
  if (typeof value === 'number') assert.ok(Number.isFinite(value) && value >= 0, `${where} is ${value}`);
  else if (value !== null && typeof value === 'object') {
    for (const [name, one] of Object.entries(value)) assertSane(`${where}.${name}`, one);
  }
}

/** Connections that a program in the subject's namespace holds: nearly all of its ports. */
const HOLD = `
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen(4096)
held = []
try:
    while True: held.append(socket.create_connection(("127.0.0.1", 8080)))
except OSError: print(len(held), flush=True)
time.sleep(60)
`;

const exhausted = async (subject: Subject): Promise<Alert | null> =>
  (JSON.parse(await subject.get('/api/alerts')) as Alert[]).find(
    ({ labels }) => labels.alertname === 'LastportPortsExhausted',
  ) ?? null;

const skip = noNamespaces() || (FAKETIME === undefined && 'needs faketime');
describe('a wall clock that is set by an hour', { skip, timeout: 60_000 }, () => {
  it('ends and begins no alert, and leaves no time that is negative', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-clock-'));
    const offset = join(folder, 'offset');
    const set = (seconds: number) => writeFileSync(offset, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    set(0);
    const env = {
      LD_PRELOAD: String(FAKETIME),
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      LASTPORT_STATE_DIR: join(folder, 'state'),
    };
    try {
      await withSubject({ env, holds: HOLD, ports: '40000 40199' }, async (subject) => {
        const first = await subject.until('an alert', () => exhausted(subject));
        for (const seconds of [HOUR, -HOUR, 0]) {
          set(seconds);
          const at = Date.now() + seconds * 1000;
          const now = await subject.look(
            `a look ${seconds} s away`,
            ({ takenAt }) => Math.abs(Date.parse(takenAt) - at) < 60_000,
          );
          assertSane('assessment', {
            ...now,
            host: null,
            namespaces: now.namespaces.map((one) => ({ ...one, netns: 0 })),
          });
          assert.equal(now.namespaces[0]?.destinations[0]?.headroomPorts, 0);
          const still = await exhausted(subject);
          assert.deepEqual([still?.startsAt, still?.labels], [first.startsAt, first.labels]);
          assert.match(await subject.get('/healthz'), /^ok/);
          const page = await subject.get('/metrics');
          assert.doesNotMatch(page, /^lastport_\S* (NaN|-)/m);
        }
      });
      const state = join(folder, 'state');
      const { stdout } = lastport(['incidents', '--state-dir', state, '--format', 'json']);
      const { incidents } = JSON.parse(stdout) as { incidents: unknown[] };
      assert.equal(incidents.length, 1);
      assertSane('incident', incidents[0]);
      const table = lastport(['incidents', '--state-dir', state]).stdout;
      assert.doesNotMatch(table.replace(/\d{4}-\d\d-\d\d/g, ''), /-\d|NaN/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a daemon that is stopped for a while', { skip: noNamespaces(), timeout: 180_000 }, () => {
  it('goes on as if it had not been: no alert of its own blindness, no burst of looks', () =>
    withSubject({ stdout: 'pipe' }, async (subject) => {
      const log: string[] = [];
      subject.child.stdout?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
      await subject.look();
      const looks = (await subject.metric('lastport_tick_duration_seconds_count')) ?? 0;
      subject.signal('SIGSTOP');
      await delay(STOPPED_MS);
      subject.signal('SIGCONT');
      const { verdict, gaps } = await subject.look();
      assert.deepEqual([verdict, gaps], ['healthy', []]);
      const more = ((await subject.metric('lastport_tick_duration_seconds_count')) ?? 0) - looks;
      assert.ok(more < STOPPED_MS / 100 / 2, `${more} looks at once`);
      assert.match(await subject.get('/healthz'), /^ok/);
      assert.doesNotMatch(log.join(''), /warn|error/);
      assert.equal(await subject.metric('lastport_alerts'), 0);
    }));
});
