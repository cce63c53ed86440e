import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BIN_MS, BINS, type Recent, steadyFlow } from '../../../agent/correlate/steady-flow.ts';
import { random } from '../../support/simulator.ts';

/** Counts of each bin, the newest first, all dated unless told otherwise. */
function recent(counts: readonly number[], dated: readonly number[] = counts, widestGap = 1000): Recent {
  const sums = (values: readonly number[]) => {
    const all = new Float64Array(BINS + 1);
    for (const [age, count] of values.entries()) all[age + 1] = all[age]! + count;
    return all;
  };
  return { bins: counts.length, all: sums(counts), dated: sums(dated), widestGap: () => widestGap };
}

const perBin = (perSecond: number) => (perSecond * BIN_MS) / 1000;
const flow = (perSecond: number, seconds: number): number[] =>
  new Array(Math.round((seconds * 1000) / BIN_MS)).fill(perBin(perSecond));

describe('steadyFlow', () => {
  it('tells a storm from its first 0.8 s, and a burst of 0.7 s from nothing', () => {
    const storm = steadyFlow(recent([...flow(4000, 0.8), ...flow(0, 5)]));
    assert.ok(storm.least > 3000 && (storm.even?.perSecond ?? 0) > 3900, JSON.stringify(storm));
    for (let late = 0; late < 1; late += BIN_MS / 1000) {
      const burst = steadyFlow(recent([...flow(0, late), ...flow(20_000, 0.7), ...flow(0, 5)]));
      assert.equal(burst.least, 0, `${late} s after it`);
      assert.equal(burst.even, null);
    }
  });

  it('takes the longest scale of a plateau, so that chance in one second changes nothing', () => {
    const { even } = steadyFlow(recent([...flow(60, 1).map((count) => count * 1.4), ...flow(60, 29.4)]));
    assert.equal(even?.seconds, 30);
    assert.ok(Math.abs((even?.perSecond ?? 0) - 60.8) < 0.5, JSON.stringify(even));
  });

  it('takes a shorter scale where that tells of a change', () => {
    const { even } = steadyFlow(recent([...flow(1000, 3), ...flow(400, 27)]));
    assert.ok(even !== null && even.seconds <= 3, JSON.stringify(even));
    assert.ok(Math.abs(even.perSecond - 1000) < 1);
  });

  it('does not take pulses for a storm, whenever somebody looks', () => {
    const pulses = (late: number) =>
      Array.from({ length: BINS - 1 }, (_, age) => ((age * BIN_MS + late) % 1200 < 400 ? perBin(1200) : 0));
    for (let late = 0; late < 1200; late += BIN_MS) {
      const { least, even } = steadyFlow(recent(pulses(late)));
      assert.ok(Math.max(least, even?.perSecond ?? 0) < 440, `${late} ms: ${least} ${even?.perSecond}`);
    }
  });

  it('is no estimate where most are not dated, but a lower bound', () => {
    const all = flow(100, 1);
    const { least, even } = steadyFlow(
      recent(
        all,
        all.map((count) => count / 10),
      ),
    );
    assert.equal(even, null);
    assert.ok(least <= 10);
  });

  it('is right within its own uncertainty, for Poisson processes of any rate', () => {
    const next = random(7);
    for (const rate of [20, 100, 1000]) {
      let outside = 0;
      for (let round = 0; round < 200; round++) {
        const counts = Array.from({ length: BINS - 1 }, () => poisson(perBin(rate), next));
        const { even } = steadyFlow(recent(counts));
        if (even === null || Math.abs(even.perSecond - rate) > 2 * even.sigma) outside++;
      }
      // 4.6 % beyond two standard deviations.
      assert.ok(outside < 25, `${rate}/s: ${outside} of 200`);
    }
  });
});

function poisson(mean: number, next: () => number): number {
  let count = 0;
  for (let left = next(); left > Math.exp(-mean); left *= next()) count++;
  return count;
}
