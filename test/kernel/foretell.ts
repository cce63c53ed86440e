import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Assessment, DestinationReport } from '../../agent/model/assessment.ts';
import { Netns, type NetnsSettings } from './netns.ts';
import { LASTPORT } from './situation.ts';
import { A } from './situations/places.ts';
import { Watcher } from './watcher.ts';

const TRAFFIC = fileURLToPath(new URL('../../../test/kernel/traffic.py', import.meta.url));
const LOWEST = 40000;
const POLL_MS = 20;
const PATIENCE_MS = 20_000;

/** What goes on, as traffic.py takes it. Times in seconds. */
interface Traffic {
  readonly ports: number;
  /** Seconds, opens a second at their begin, and at their end. */
  readonly pieces: readonly (readonly [number, number, number])[];
  /** null: nobody closes them. */
  readonly life: number | null;
  /** For a Poisson process; without it they are evenly spaced. */
  readonly seed?: number;
  /** The server closes at once, or when the client has. */
  readonly first?: 'client' | 'server';
  /** Of the client's namespace, beside the range. */
  readonly sysctls?: NetnsSettings['sysctls'];
}

interface Foretold extends Traffic {
  /** After the first connection: when it is asked. */
  readonly halfWay: number;
  /** Whether one look tells it too, where nobody has looked before. */
  readonly isToldByCheck: boolean;
}

/** A prediction may be off by so much of the time that is left, or by so many seconds. */
const OFF_RATIO = 0.1;
const OFF_SECONDS = 2;

/** Lets it go on until the kernel refuses, and compares what was foretold at half-way. */
export async function foretell(plan: Foretold, t: TestContext): Promise<void> {
  await withTraffic(plan, async ({ net, watcher, told }) => {
    const begun = await told('begin');
    await delay(begun + plan.halfWay * 1000 - Date.now());
    const asked = { 'lastport run': await watcher.look(), 'lastport check': await check(net) };
    const refused = await told('refused');
    for (const [who, assessment] of Object.entries(asked)) {
      const { report, lookedAt } = reportOf(assessment);
      const { exhaustedInSeconds: foretold, kind } = report.forecast;
      const left = (refused - lookedAt) / 1000;
      const summary = `${who}: ${seconds(foretold)} foretold, ${seconds(left)} it took`;
      t.diagnostic(summary);
      if (who === 'lastport check' && !plan.isToldByCheck) {
        assert.deepEqual({ foretold, kind }, { foretold: null, kind: 'unknown' });
        continue;
      }
      assert.ok(
        foretold !== null && Math.abs(foretold - left) <= Math.max(OFF_SECONDS, left * OFF_RATIO),
        `${summary}; ${JSON.stringify(report)}`,
      );
    }
    const [first] = exhaustionAlerts(watcher);
    assert.ok(first !== undefined && first < refused, `alert at ${first}, refused at ${refused}: ${watcher.log()}`);
  });
}

export interface Settling extends Traffic {
  /** Where it settles. */
  readonly level: number;
  /** In ports. */
  readonly within: number;
}

/** Lets it go on to its end: the ports must suffice, as foretold shortly before, and no alert must have said otherwise. */
export async function settle(plan: Settling): Promise<void> {
  await withTraffic(plan, async ({ watcher, told }) => {
    const begun = await told('begin');
    const seconds = plan.pieces.reduce((sum, [length]) => sum + length, 0);
    await delay(begun + (seconds - 2) * 1000 - Date.now());
    const { report } = reportOf(await watcher.look());
    await told('end');
    await assert.rejects(told('refused', 0), /never told/, 'the kernel refused one, so this is no plateau');
    const evidence = JSON.stringify(report);
    const used = report.usedPorts - report.reusablePorts;
    assert.ok(Math.abs(used - plan.level) <= plan.within, `${used} ports are used: ${evidence}`);
    assert.equal(report.forecast.exhaustedInSeconds, null, evidence);
    assert.deepEqual(exhaustionAlerts(watcher), [], watcher.log());
  });
}

/** Since when, in ms since the epoch, by the log. */
function exhaustionAlerts(watcher: Watcher): number[] {
  return watcher
    .log()
    .split('\n')
    .filter((line) => line.includes('"event":"alert"'))
    .map((line) => JSON.parse(line) as { since: string; status: string; labels: { alertname: string } })
    .filter(({ labels }) => ['LastportExhaustionPredicted', 'LastportPortsExhausted'].includes(labels.alertname))
    .map(({ since }) => Date.parse(since));
}

const seconds = (value: number | null): string => (value === null ? 'nothing' : `${value.toFixed(1)} s`);

interface Going {
  readonly net: Netns;
  readonly watcher: Watcher;
  /** Waits until the traffic tells of it; when it was, in ms since the epoch. */
  readonly told: (event: 'begin' | 'refused' | 'end', withinMs?: number) => Promise<number>;
}

/** To start everything at once would be a storm of its own: some ten programs for each of them. */
let lastTurn: Promise<unknown> = Promise.resolve();

function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = lastTurn.then(work);
  lastTurn = turn.catch(() => undefined); // whose turn it was has heard of it
  return turn;
}

/** Runs `work` beside two namespaces with that traffic, which begins once `lastport run` has looked. */
async function withTraffic(traffic: Traffic, work: (going: Going) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-traffic-'));
  const told = async (log: string, event: string, withinMs = PATIENCE_MS): Promise<number> => {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const text = readFileSync(join(folder, log), 'utf8');
      const line = text.split('\n').find((one) => one.startsWith(`{"event": "${event}"`));
      if (line !== undefined) return (JSON.parse(line) as { at: number }).at;
      if (Date.now() > deadline) throw new Error(`${log} never told of ${event}: ${text}`);
      await delay(POLL_MS);
    }
  };
  const { ports, pieces, life, seed = null, first = 'client', sysctls = {} } = traffic;
  const range = `${LOWEST} ${LOWEST + ports - 1}`;
  let net: Netns | undefined;
  let watcher: Watcher | undefined;
  try {
    const ready = await inTurn(async () => {
      net = await Netns.open({ sysctls: { ...sysctls, ip_local_port_range: range } });
      await net.start(['python3', TRAFFIC, 'serve', A, first], join(folder, 'server'), 'server');
      await told('server', 'ready');
      watcher = await Watcher.start(net);
      await watcher.look();
      const how = JSON.stringify({ pieces, life, seed });
      await net.start(['python3', TRAFFIC, 'open', A, how], join(folder, 'client'));
      await told('client', 'begin');
      return { net, watcher };
    });
    const longest = pieces.reduce((sum, [length]) => sum + length, 0) * 1000 + PATIENCE_MS;
    await work({ ...ready, told: (event, withinMs = longest) => told('client', event, withinMs) });
  } finally {
    await watcher?.stop();
    await net?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function check(net: Netns): Promise<Assessment> {
  const { stdout, stderr } = await net.run([
    process.execPath,
    LASTPORT,
    'check',
    '--netns',
    'self',
    '--format',
    'json',
  ]);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Assessment;
}

/** Of A, and when its sockets were read. */
function reportOf({ namespaces: [namespace] }: Assessment): {
  readonly report: DestinationReport;
  readonly lookedAt: number;
} {
  const [report] = namespace?.destinations ?? [];
  assert.ok(namespace?.lookedAt != null && report !== undefined, JSON.stringify(namespace));
  return { report, lookedAt: Date.parse(namespace.lookedAt) };
}
