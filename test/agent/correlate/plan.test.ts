import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { plan } from '../../../agent/correlate/plan.ts';
import { type PlanFlags, planFlags, question } from '../../support/plan-questions.ts';
import { PER_REQUEST, simulate } from '../../support/simulator.ts';

const answer = async (flags: PlanFlags) => plan(await question(flags));

describe('plan', () => {
  it('answers for the pool that keeps two idle connections', async () => {
    const { verdict, opensPerSecond, inBursts, slowConnectInSeconds, exhaustedInSeconds } = await answer({
      rate: '4000',
      'max-idle': '2',
      concurrency: '2000',
    });
    assert.equal(verdict, 'exhausted');
    assert.ok(Math.abs(opensPerSecond - 4000 / 3) < 10);
    assert.equal(inBursts?.opensPerSecond, 3996);
    assert.ok(slowConnectInSeconds !== null && slowConnectInSeconds > 9 && slowConnectInSeconds < 11);
    assert.ok(exhaustedInSeconds !== null && exhaustedInSeconds > 19 && exhaustedInSeconds < 22);
  });

  it('answers for bodies closed unread: as many opens as there are of them', async () => {
    const { verdict, opensPerSecond, inBursts, openConnections } = await answer({
      rate: '4000',
      'unread-bodies': '30%',
      latency: '20ms',
    });
    assert.deepEqual([verdict, opensPerSecond, inBursts], ['exhausted', 1200, null]);
    assert.ok(openConnections >= 80 && openConnections < 90);
  });

  it('knows the rate the default range sustains, and that a simulator does', async () => {
    const { sustainablePerSecond, fastPerSecond } = await answer({ rate: '1' });
    assert.ok(sustainablePerSecond !== null && Math.abs(sustainablePerSecond - 455) < 1, `${sustainablePerSecond}`);
    assert.ok(fastPerSecond !== null && Math.abs(fastPerSecond - 227.5) < 1, `${fastPerSecond}`);

    const ports = 8000;
    const small = await answer({ rate: '1', range: `32768-${32767 + ports}` });
    const run = (rate: number) =>
      simulate({
        ports,
        traffic: [{ ...PER_REQUEST, rate: () => rate, life: () => 0.01, poisson: false }],
        seconds: 140,
        seed: 2,
        cores: 1000,
      });
    for (const [limit, what] of [
      [small.sustainablePerSecond, 'exhaustedAt'],
      [small.fastPerSecond, 'slowAt'],
    ] as const) {
      assert.ok(limit !== null);
      assert.equal(run(limit * 0.985)[what], null);
      assert.notEqual(run(limit * 1.015)[what], null);
    }
  });

  it('has rates that are just sustainable, and no limit where nothing is held', async () => {
    await fc.assert(
      fc.asyncProperty(planFlags, async (flags) => {
        const asked = await question(flags);
        const { sustainablePerSecond, fastPerSecond, usablePorts, fastPorts, ...rest } = plan(asked);
        assert.ok(fastPorts <= usablePorts);
        if (fastPerSecond === null || sustainablePerSecond === null) return;
        assert.ok(fastPerSecond <= sustainablePerSecond);
        const { load, requestsPerSecond } = asked;
        const seconds = load.kind === 'concurrency' ? load.requests / requestsPerSecond : load.seconds;
        const at = (rate: number) =>
          plan({ ...asked, requestsPerSecond: rate, load: { kind: 'latency', seconds } }).verdict;
        if (fastPerSecond > 0) assert.equal(at(fastPerSecond), 'fits');
        if (sustainablePerSecond > 0) assert.notEqual(at(sustainablePerSecond), 'exhausted');
        assert.notEqual(at(fastPerSecond * 1.001 + 0.2), 'fits');
        assert.equal(rest.openConnections + rest.timeWaitPorts, rest.settlesAtPorts);
      }),
      { numRuns: 25 },
    );
    const { fastPerSecond } = await answer({ rate: '1', concurrency: '1', reuse: '100%' });
    assert.ok(fastPerSecond !== null, 'more requests need more connections even if all are reused');
  });

  it('says when requests pile up, and how many are answered', async () => {
    const one = await answer({ rate: '4000', 'max-per-host': '100', concurrency: '200' });
    assert.deepEqual([one.requestsQueue, one.verdict, one.servedPerSecond], [true, 'slow', 2000]);
    assert.ok(one.fastPerSecond !== null && one.fastPerSecond < 2000 && one.fastPerSecond > 1990);
  });

  it('says when it is so near a limit that chance decides', async () => {
    const rates = ['200', '220', '235', '300', '445', '470'];
    assert.deepEqual(await Promise.all(rates.map(async (rate) => (await answer({ rate })).isNear)), [
      false,
      true,
      true,
      false,
      true,
      true,
    ]);
  });

  it('is of one destination when there are several', async () => {
    const [one, three] = [await answer({ rate: '100' }), await answer({ rate: '300', destinations: '3' })];
    assert.equal(three.settlesAtPorts, one.settlesAtPorts);
    assert.equal(three.servedPerSecond, 100);
    assert.equal(Math.round((three.fastPerSecond ?? 0) / (one.fastPerSecond ?? 1)), 3);
  });

  it('is JSON without loss', async () => {
    const full = await answer({ rate: '4000', 'max-idle': '2', concurrency: '2000' });
    assert.deepEqual(JSON.parse(JSON.stringify(full)), full);
  });
});
