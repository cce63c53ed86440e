import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { growthOf } from '../../../../agent/correlate/pools/growth.ts';

const growth = (seconds: number, entries: (at: number) => number, every = 1) => {
  const count = Math.floor(seconds / every) + 1;
  const samples = Array.from({ length: count }, (_, index) => ({
    at: index * every * 1000,
    entries: entries(index * every),
    begun: null,
  }));
  return growthOf(samples, (one) => one.entries);
};

describe('growthOf', () => {
  it('is known after six seconds', () => {
    assert.equal(
      growth(5, (at) => at),
      null,
    );
    assert.equal(growth(6, (at) => 1000 * at)?.perSecond, 1000);
  });

  it('has held what it did not fall short of, less what may be chance, and for how long', () => {
    const { perSecond, low, seconds } = growth(100, (at) => 1000 * at)!;
    assert.equal(perSecond, 1000);
    assert.ok(low > 900 && low < 1000, `${low}`);
    assert.equal(seconds, 100);
    const begun = growth(100, (at) => 1000 * Math.max(0, at - 60))!;
    assert.ok(begun.seconds >= 30 && begun.seconds <= 45, `${begun.seconds}`);
  });

  it('has held nothing where it pauses, or goes down', () => {
    assert.equal(growth(100, (at) => 1000 * Math.min(at, 90))!.low, 0);
    assert.ok(growth(100, (at) => 1000 - at)!.perSecond < 0);
    assert.deepEqual(
      growth(100, () => 7),
      { perSecond: 0, low: 0, seconds: 0 },
    );
  });

  it('is not found at scales shorter than the time between looks', () => {
    assert.equal(growth(20, (at) => 1000 * at, 10)!.low, 0);
    assert.ok(growth(120, (at) => 1000 * at, 10)!.low > 900);
  });
});
