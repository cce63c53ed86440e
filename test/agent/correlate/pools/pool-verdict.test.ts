import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poolVerdict } from '../../../../agent/correlate/pools/pool-verdict.ts';
import { NO_POOL_FORECAST, type PoolForecast, type PoolReport } from '../../../../agent/model/pool.ts';
import { pool } from '../../../support/assessments.ts';

const verdict = (one: Partial<PoolReport>, forecast: Partial<PoolForecast> = {}) =>
  poolVerdict(
    pool({ limit: 1000, used: null, usedHigh: null, ...one, forecast: { ...NO_POOL_FORECAST, ...forecast } }),
  );

describe('poolVerdict', () => {
  it('warns of a quota that is surely low, and only watches a table', () => {
    assert.equal(verdict({ usedLow: 801 }), 'warning');
    assert.equal(verdict({ usedLow: 800 }), 'healthy');
    assert.equal(verdict({ usedLow: 801, kind: 'conntrack' }), 'watch');
    assert.equal(verdict({ usedLow: 801, kind: 'time_wait' }), 'watch');
  });

  it('says nothing of one that comes back by itself', () => {
    assert.equal(verdict({ usedLow: 900 }, { kind: 'steady', settlesAt: 500 }), 'healthy');
    assert.equal(verdict({ usedLow: 900 }, { kind: 'steady', settlesAt: 850 }), 'warning');
    assert.equal(verdict({ usedLow: 900, used: 900 }, { kind: 'steady', settlesAt: 500 }), 'watch');
  });

  it('warns when the end is in sight at the demand that has held', () => {
    assert.equal(verdict({ usedLow: 100 }, { exhaustedInSecondsAtLow: 120 }), 'warning');
    assert.equal(verdict({ usedLow: 100 }, { exhaustedInSecondsAtLow: 121 }), 'healthy');
    assert.equal(verdict({ usedLow: 100 }, { exhaustedInSeconds: 60 }), 'watch');
    assert.equal(verdict({ usedLow: 3 }, { exhaustedInSecondsAtLow: 10 }), 'healthy', 'a handful tells of nothing');
  });

  it('watches what may be low', () => {
    assert.equal(verdict({ usedLow: 0, usedHigh: 900 }), 'watch');
    assert.equal(verdict({ usedLow: 0, used: 700, usedHigh: 900 }), 'healthy');
  });
});
