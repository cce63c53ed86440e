import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { settle, usableOf } from '../../../agent/correlate/plan-outcome.ts';
import type { PlanOutcome, PlanQuestion } from '../../../agent/model/plan.ts';
import { planFlags, question } from '../../support/plan-questions.ts';
import { HELD_BY_TIMER, simulatePool } from '../../support/pool-simulation.ts';
import { PER_REQUEST, simulate } from '../../support/simulator.ts';

const outcomeOf = (asked: PlanQuestion): PlanOutcome => settle(asked, usableOf(asked)).outcome;
const rangeOf = (ports: number) => `32768-${32767 + ports}`;

function agrees(what: string, planned: number | null, seen: number | null): void {
  const text = `${what}: planned ${planned}, simulated ${seen}`;
  if (planned === null || seen === null) assert.equal(planned, seen, text);
  else assert.ok(Math.abs(planned - seen) <= Math.max(1, seen * 0.1), text);
}

function near(what: string, planned: number, seen: number): void {
  assert.ok(Math.abs(planned - seen) <= seen * 0.03, `${what}: planned ${planned}, simulated ${seen}`);
}

describe('settle, against the simulator of ports:', () => {
  // Past the cliff connect() would slow down whoever calls it; with a thousand cores it does not.
  const CORES = 1000;
  for (const [rate, lifetime, closes, ports] of [
    [1000, 0.01, 'local', 8000],
    [250, 0.01, 'local', 8000],
    [100, 1, 'local', 8000],
    [40, 30, 'local', 8000],
    [100, 30, 'local', 4000],
    [80, 10, 'local', 4000],
    [40, 120, 'local', 7528],
    [300, 30, 'remote', 12_000],
    [200, 30, 'remote', 4000],
    [300, 10, 'remote', 8000],
  ] as const) {
    it(`${rate}/s for ${lifetime} s, closed by the ${closes} side, ${ports} ports`, async () => {
      const asked = await question({
        rate: String(rate),
        lifetime: `${lifetime}s`,
        closes,
        range: rangeOf(ports),
      });
      const planned = outcomeOf(asked);
      const run = simulate({
        ports,
        traffic: [
          {
            ...PER_REQUEST,
            rate: () => rate,
            life: (next) => (lifetime < 1 ? lifetime : -lifetime * Math.log(1 - next())),
            closedHere: closes === 'local' ? 1 : 0,
          },
        ],
        seconds: 130 + lifetime * 5,
        seed: 11,
        cores: CORES,
      });
      agrees('slow', planned.slowConnectInSeconds, run.slowAt);
      agrees('exhausted', planned.exhaustedInSeconds, run.exhaustedAt);
      const last = run.used.slice(-60);
      const settled = last.reduce((sum, used) => sum + used, 0) / last.length;
      if (run.exhaustedAt === null) near('ports', planned.settlesAtPorts, settled);
      else assert.ok(planned.peakUsedPorts > ports);
    });
  }
});

describe('settle, against a simulation of a pool and its ports:', () => {
  for (const [rate, latency, flags, ports] of [
    [4000, 0.5, { 'max-idle': '2' }, 28_232],
    [4000, 0.5, { 'max-idle': '20' }, 28_232],
    [4000, 0.5, { 'max-idle': '2', 'tw-reuse': '1' }, 28_232],
    [1000, 5, { 'max-idle': '2' }, 28_232],
    [2000, 0.02, { 'unread-bodies': '30%' }, 28_232],
    [2000, 0.02, { 'max-idle': '4', 'unread-bodies': '10%' }, 16_000],
    [500, 0.1, { 'max-idle': '1' }, 8000],
    [500, 0.1, { 'max-idle': '10', 'max-per-host': '60' }, 2000],
    [300, 2, { 'max-idle': '0' }, 28_232],
    [200, 20, { 'max-idle': '2' }, 28_232],
    [400, 0.05, { reuse: '70%' }, 8000],
    [1000, 0.3, { 'max-per-host': '250', 'unread-bodies': '20%' }, 16_000],
  ] as const) {
    it(`${rate}/s for ${latency} s, ${JSON.stringify(flags)}, ${ports} ports`, async () => {
      const asked = await question({
        rate: String(rate),
        latency: `${latency}s`,
        range: rangeOf(ports),
        ...flags,
      });
      const { client, twReuse } = asked;
      const limits =
        client.kind === 'pool' ? client : { maxIdle: null, maxPerHost: null, unreadShare: 1 - client.reuseShare };
      const planned = outcomeOf(asked);
      const run = simulatePool({
        requestsPerSecond: rate,
        latency,
        latencies: 'exponential',
        maxIdle: limits.maxIdle ?? Number.POSITIVE_INFINITY,
        maxPerHost: limits.maxPerHost ?? Number.POSITIVE_INFINITY,
        unreadShare: limits.unreadShare,
        seconds: 200 + 5 * latency,
        from: 90 + 5 * latency,
        seed: 7,
        ports: { first: ports / 2, second: ports / 2, held: twReuse === 'on' ? () => 1 : HELD_BY_TIMER },
      });
      agrees('slow', planned.slowConnectInSeconds, run.slowAt);
      agrees('exhausted', planned.exhaustedInSeconds, run.exhaustedAt);
      near('ports', planned.settlesAtPorts, run.portsUsed);
    });
  }
});

describe('settle', () => {
  it('has deadlines where the ports it needs are not there, the slow one first', async () => {
    await fc.assert(
      fc.asyncProperty(planFlags, async (flags) => {
        const asked = await question(flags);
        const usable = usableOf(asked);
        const { outcome, verdict, openConnections, requestsQueue } = settle(asked, usable);
        const { slowConnectInSeconds: slow, exhaustedInSeconds: gone, peakUsedPorts, settlesAtPorts } = outcome;
        assert.ok(settlesAtPorts >= openConnections && peakUsedPorts >= settlesAtPorts);
        // At a hair's breadth either may be.
        const isOver = (limit: number) =>
          Math.abs(peakUsedPorts - limit) < limit * 1e-6 ? null : peakUsedPorts > limit;
        const exhausts = isOver(usable.count);
        const slows = isOver(usable.firstParityCount);
        if (exhausts !== null) assert.equal(gone !== null, exhausts);
        if (slows !== null) assert.equal(slow !== null, slows);
        if (gone !== null) assert.ok(slow !== null && slow <= gone);
        assert.equal(verdict, gone !== null ? 'exhausted' : slow !== null || requestsQueue ? 'slow' : 'fits');
      }),
    );
  });

  it('needs no more ports for fewer requests, more destinations or a TIME_WAIT that is taken over', async () => {
    await fc.assert(
      fc.asyncProperty(planFlags, fc.integer({ min: 2, max: 9 }), async (flags, factor) => {
        const { requestsPerSecond, load, ...rest } = await question(flags);
        // Where requests take as long as before.
        const latency = load.kind === 'concurrency' ? load.requests / requestsPerSecond : load.seconds;
        const asked: PlanQuestion = { ...rest, requestsPerSecond, load: { kind: 'latency', seconds: latency } };
        const before = settle(asked, usableOf(asked));
        if (before.requestsQueue) return;
        for (const change of [
          { requestsPerSecond: requestsPerSecond / factor },
          { destinations: factor },
          { twReuse: 'on' as const },
        ]) {
          const { peakUsedPorts } = outcomeOf({ ...asked, ...change });
          // Few requests may keep an idle connection that many would have had in use.
          const kept = asked.client.kind === 'pool' ? (asked.client.maxIdle ?? 0) : 0;
          assert.ok(peakUsedPorts <= before.outcome.peakUsedPorts + kept + 1, JSON.stringify(change));
        }
      }),
    );
  });

  it('has no deadline where nothing is opened, unless the connections alone are too many', async () => {
    const flags = { rate: '100', reuse: '100%', range: '40000-40199' };
    assert.deepEqual(
      await Promise.all(
        ['10', '90', '150', '250'].map(async (concurrency) => {
          const { slowConnectInSeconds, exhaustedInSeconds } = outcomeOf(await question({ ...flags, concurrency }));
          return [slowConnectInSeconds, exhaustedInSeconds];
        }),
      ),
      [
        [null, null],
        [0, null],
        [0, null],
        [0, 0],
      ],
    );
  });

  it('has no cliff where the whole first parity is reserved', async () => {
    const outcome = outcomeOf(await question({ rate: '1', range: '40000-40003', reserved: '40000,40002' }));
    assert.equal(outcome.slowConnectInSeconds, null);
    assert.ok(outcome.exhaustedInSeconds !== null && Math.abs(outcome.exhaustedInSeconds - 2) < 0.1);
  });
});

describe('usableOf', () => {
  it('is the range less what is reserved in it', async () => {
    const { count, firstParityCount } = usableOf(
      await question({ rate: '1', range: '40000-40009', reserved: '40001,40004-40006,50000' }),
    );
    assert.deepEqual([count, firstParityCount], [6, 3]);
  });
});
