import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { burstOpens, type IdlePool, poolLevel } from '../../../agent/correlate/idle-pool.ts';
import { simulatePool } from '../../support/pool-simulation.ts';

/** As exact as one can be given. */
const share = fc.integer({ min: 0, max: 10_000 }).map((steps) => steps / 10_000);
const ANY = Number.POSITIVE_INFINITY;
const pool = (concurrency: number, maxIdle: number, maxPerHost = ANY, unreadShare = 0): IdlePool => ({
  concurrency,
  maxIdle,
  maxPerHost,
  unreadShare,
});

/** In units of the latency. */
function simulated(
  { concurrency, maxIdle, maxPerHost, unreadShare }: IdlePool,
  seconds: number,
  latencies: 'exponential' | 'constant' = 'exponential',
) {
  const requestsPerSecond = concurrency;
  const times = { latency: 1, seconds, from: 20, latencies, seed: 5 };
  return simulatePool({ requestsPerSecond, maxIdle, maxPerHost, unreadShare, ...times });
}

describe('poolLevel, against a simulation of each request:', () => {
  for (const [concurrency, maxIdle, maxPerHost, unreadShare, seconds] of [
    [2000, 2, ANY, 0, 120],
    [2000, 40, ANY, 0, 200],
    [2000, 100, ANY, 0, 300],
    [200, 0, ANY, 0, 200],
    [20, 1, ANY, 0, 4000],
    [20, 10, ANY, 0, 16000],
    [0.5, 1, ANY, 0, 100_000],
    [20, 5, 30, 0, 8000],
    [20, 5, 22, 0, 16000],
    [20, 20, 22, 0, 2000],
    [2000, 2, ANY, 0.5, 100],
    [2000, 10, ANY, 0.1, 100],
    [2000, 40, ANY, 0.02, 200],
    [2000, ANY, ANY, 0.3, 100],
    [200, 15, ANY, 0.05, 1000],
    [20, 5, ANY, 0.1, 8000],
    [20, 20, 25, 0.1, 4000],
    [20, 20, 18, 0.3, 4000],
  ] as const) {
    it(`concurrency ${concurrency}, ${maxIdle} idle of ${maxPerHost}, ${unreadShare} unread`, () => {
      const one = pool(concurrency, maxIdle, maxPerHost, unreadShare);
      const { opensPerRequest, idle } = poolLevel(one);
      const run = simulated(one, seconds);
      const off = Math.abs(opensPerRequest - run.opensPerRequest);
      assert.ok(off < run.opensPerRequest * 0.04 + 1e-4, `${opensPerRequest} opens, ${run.opensPerRequest} simulated`);
      assert.ok(Math.abs(idle - run.idle) < 3 + run.idle * 0.25, `${idle} idle, ${run.idle} simulated`);
    });
  }

  it('hardly depends on how latencies are distributed, where the pool is small', () => {
    const one = pool(2000, 2);
    const { opensPerRequest } = simulated(one, 100, 'constant');
    assert.ok(Math.abs(poolLevel(one).opensPerRequest / opensPerRequest - 1) < 0.03, `${opensPerRequest}`);
  });
});

describe('poolLevel', () => {
  it('opens one for k + 1 requests in a small pool, and next to none in an ample one', () => {
    assert.ok(Math.abs(poolLevel(pool(1e5, 2)).opensPerRequest - 1 / 3) < 1e-3);
    assert.equal(poolLevel(pool(100, 90)).opensPerRequest, 0);
    assert.ok(poolLevel(pool(100, 87)).opensPerRequest < 1e-5, 'no jump where it is taken for ample');
  });

  it('opens at most one a request, and no fewer than are closed unread', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 5000, noNaN: true }),
        fc.nat(300),
        fc.nat(5000),
        share,
        (concurrency, maxIdle, more, unreadShare) => {
          const { opensPerRequest, idle, firstOpens } = poolLevel(pool(concurrency, maxIdle, 1 + more, unreadShare));
          assert.ok(opensPerRequest >= unreadShare - 1e-9 && opensPerRequest <= 1 + 1e-9, `${opensPerRequest}`);
          assert.ok(idle >= 0 && idle <= maxIdle + 1e-9, `${idle}`);
          assert.ok(firstOpens >= 0 && firstOpens <= Math.max(concurrency, 1 + more), `${firstOpens}`);
        },
      ),
    );
  });

  it('opens no more if it may keep more idle, or if fewer bodies are left unread', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 5000, noNaN: true }),
        fc.nat(300),
        share,
        share,
        (concurrency, maxIdle, unread, more) => {
          const opens = poolLevel(pool(concurrency, maxIdle, ANY, unread)).opensPerRequest;
          assert.ok(poolLevel(pool(concurrency, maxIdle + 1, ANY, unread)).opensPerRequest <= opens + 1e-9);
          const worse = unread + (1 - unread) * more;
          assert.ok(poolLevel(pool(concurrency, maxIdle, ANY, worse)).opensPerRequest >= opens - 1e-9);
        },
      ),
    );
  });
});

describe('burstOpens', () => {
  it('is what a pool opens when all come at once', () => {
    const one = pool(100, 20, ANY, 0.1);
    // Rounds far enough apart that each has ended before the next begins.
    const options = { requestsPerSecond: 100, latency: 0.001, latencies: 'constant', seconds: 400, from: 10 } as const;
    const { opensPerRequest } = simulatePool({ ...one, ...options, burst: 100, seed: 3 });
    assert.ok(Math.abs(burstOpens(one) - opensPerRequest) < 0.02, `${burstOpens(one)}, ${opensPerRequest} simulated`);
  });

  it('is never less than at random, nor more than one a request', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(400), (concurrency, maxIdle) => {
        const one = pool(concurrency, Math.min(maxIdle, concurrency));
        assert.ok(burstOpens(one) <= 1);
        if (maxIdle < concurrency / 10) assert.ok(burstOpens(one) >= poolLevel(one).opensPerRequest - 1e-9);
      }),
    );
  });
});
