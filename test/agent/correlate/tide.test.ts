import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isWorthATide, tideOf } from '../../../agent/correlate/tide.ts';
import { clockBin, newTimeWaitClock } from '../../../agent/correlate/time-wait-clock.ts';
import { destination } from '../../support/assessments.ts';

const UNKNOWN = Float64Array.of(Number.NaN, 7);

describe('tideOf', () => {
  const clock = newTimeWaitClock();
  // In hundredths of a second that are left of a minute: closed just now, half a minute ago, a minute ago, and overdue.
  for (const [left, count] of [
    [6000, 7],
    [5950, 3],
    [3050, 20],
    [60, 5],
    [0, 1],
  ] as const)
    clock.all[clockBin(left)]! += count;

  it('has what was closed by how long ago that was', () => {
    const { closesAgo } = tideOf(clock, UNKNOWN);
    assert.equal(closesAgo.length, 60);
    assert.equal(closesAgo[0], 10);
    assert.equal(closesAgo[29], 20);
    assert.equal(closesAgo[59], 6);
    assert.equal(
      closesAgo.reduce((sum, count) => sum + count, 0),
      36,
    );
  });
  it('has whole ports', () => {
    assert.deepEqual(tideOf(clock, Float64Array.of(10.4, 20.6)).usedAhead, [10, 21]);
  });
  it('has none where they are not known', () => assert.deepEqual(tideOf(clock, UNKNOWN).usedAhead, []));
});

describe('isWorthATide', () => {
  it('is a destination that uses some of its ports, or is not well', () => {
    const of = (usedPorts: number, verdict: 'healthy' | 'watch') => isWorthATide(destination({ usedPorts, verdict }));
    assert.deepEqual(
      [of(100, 'healthy'), of(2000, 'healthy'), of(100, 'watch'), of(0, 'watch')],
      [false, true, true, false],
    );
  });
});
