import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Owner } from '../../agent/model/assessment.ts';
import { obstacle } from '../kernel/netns.ts';
import { A, B, C } from '../kernel/situations/places.ts';
import { goBuild } from '../support/go-build.ts';
import { needs } from '../support/needs.ts';
import { Inside, type InsideOptions, WITH_TRACEFS } from './inside.ts';

const PROGRAMS = fileURLToPath(new URL('../../../test/e2e/programs/', import.meta.url));
const NGINX_AT = '127.0.0.1:9080';

/** Connections that each program makes, by destination; nginx's are those that client.py asks it for. */
const TRUTH: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  goclient: { [A]: 90, [C]: 40 },
  'python3 client.py': { [A]: 60, [B]: 50 },
  'node client.mjs': { [B]: 70, [C]: 30 },
  curl: { [A]: 40, [C]: 40 },
  nginx: { [B]: 60 },
};

/** Two ticks, and what else a request takes. */
const TICK = '500ms';
const HELD_MS = 1500;

const missing = [await obstacle(), needs('go'), needs('nginx'), needs('curl')].find((one) => one !== false) ?? false;
describe('five programs and three destinations', { skip: missing }, () => {
  it('traced, every TIME_WAIT is told to be whose it is, however short it lived', { timeout: 120_000 }, async () => {
    const { found, unowned } = await run({ flags: ['--trace'], wrap: WITH_TRACEFS, waitMs: 0, isOwned: true });
    assert.deepEqual(
      sums(found, () => true),
      TRUTH,
      `${unowned} unowned, ${JSON.stringify(found)}`,
    );
    assert.equal(unowned, 0);
    assert.ok(
      found.every(({ owner }) => owner.how !== 'shared'),
      `${unowned} unowned, ${JSON.stringify(found)}`,
    );
  });

  it('not traced, of those that lived for two looks 95 % are, and none wrongly', { timeout: 120_000 }, async () => {
    const { found } = await run({ tick: TICK, waitMs: HELD_MS });
    const known = sums(found, ({ how }) => how === 'seen' || how === 'remembered');
    let total = 0;
    let right = 0;
    for (const [program, to] of Object.entries(TRUTH)) {
      for (const [destination, count] of Object.entries(to)) {
        const told = known[program]?.[destination] ?? 0;
        assert.ok(told <= count, `${program} to ${destination}: ${told} of ${count}`);
        total += count;
        right += told;
      }
    }
    const names = Object.keys(TRUTH);
    assert.deepEqual(
      Object.keys(known).filter((name) => !names.includes(name)),
      [],
    );
    assert.ok(right >= total * 0.95, `${right} of ${total} in ${JSON.stringify(known)}`);
  });
});

interface Found {
  readonly destination: string;
  readonly owner: Owner;
}

interface RunOptions extends InsideOptions {
  readonly waitMs: number;
  /** Wait for the owners of all. */
  readonly isOwned?: boolean;
}

async function run({ waitMs, isOwned = false, ...options }: RunOptions) {
  const inside = await Inside.open({ ...options, listens: false });
  try {
    const go = goBuild(join(PROGRAMS, 'client.go'), inside.folder, 'goclient');
    await inside.start('server', ['python3', join(PROGRAMS, 'server.py'), '8080'], 'server');
    await inside.start('nginx', ['nginx', '-p', inside.folder, '-c', join(PROGRAMS, 'nginx.conf')]);
    for (const name of ['server', 'nginx'] as const) {
      await inside.until(`${name} is ready`, async () =>
        name === 'server'
          ? inside.log(name).match(/ready/)
          : existsSync(join(inside.folder, 'nginx.pid'))
            ? 'yes'
            : null,
      );
    }
    const wait = String(waitMs);
    const jobs = {
      goclient: [go],
      'python3 client.py': ['python3', join(PROGRAMS, 'client.py')],
      'node client.mjs': [process.execPath, join(PROGRAMS, 'client.mjs')],
      curl: ['sh', join(PROGRAMS, 'curl.sh')],
      nginx: ['python3', join(PROGRAMS, 'client.py')],
    };
    for (const [name, argv] of Object.entries(jobs)) {
      const to = Object.entries(TRUTH[name] ?? {}).map(([at, count]) => `${name === 'nginx' ? NGINX_AT : at}=${count}`);
      await inside.start(`to ${name}`, [...argv, wait, ...to]);
    }
    for (const name of Object.keys(jobs)) {
      await inside.until(`${name} is done`, async () => inside.log(`to ${name}`).match(/done/));
    }
    const total = Object.values(TRUTH)
      .flatMap((to) => Object.values(to))
      .reduce((sum, count) => sum + count);
    const assessment = await inside.until('all in TIME_WAIT', async () => {
      const one = await inside.assessment();
      const states = ofTruth(one).map((report) => report.states);
      const held = states.reduce((sum, { time_wait = 0 }) => sum + time_wait, 0);
      const unowned = unownedOf(ofTruth(one));
      if (held !== total || (isOwned && unowned > 0))
        throw new Error(
          `${held} of ${total}, ${unowned} unowned: ${JSON.stringify(states)} ${JSON.stringify(one.trace)}`,
        );
      return one;
    });
    const reports = ofTruth(assessment);
    const found: Found[] = reports.flatMap(({ remote, remotePort, owners }) =>
      (owners ?? []).map((owner) => ({ destination: `${remote}:${remotePort}`, owner })),
    );
    return { found, unowned: unownedOf(reports) };
  } finally {
    await inside.close();
  }
}

const ofTruth = ({ namespaces }: Awaited<ReturnType<Inside['assessment']>>) =>
  (namespaces[0]?.destinations ?? []).filter(({ remote, remotePort }) => [A, B, C].includes(`${remote}:${remotePort}`));

const unownedOf = (reports: ReturnType<typeof ofTruth>) =>
  reports.reduce((sum, { unownedPorts }) => sum + (unownedPorts ?? 0), 0);

/** By program and destination. */
function sums(found: readonly Found[], counts: (owner: Owner) => boolean): Record<string, Record<string, number>> {
  const result: Record<string, Record<string, number>> = {};
  for (const name of Object.keys(TRUTH)) result[name] = {};
  for (const { destination, owner } of found) {
    if (!counts(owner)) continue;
    result[owner.command] ??= {};
    const to = result[owner.command] as Record<string, number>;
    to[destination] = (to[destination] ?? 0) + owner.usedPorts;
  }
  return result;
}
