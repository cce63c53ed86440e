import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SampleSeries } from '../../../agent/correlate/sample-series.ts';

const wide = { samples: 100, characters: 1e9 };
const times = (series: SampleSeries) => series.samples.map(({ at }) => at);

describe('SampleSeries', () => {
  it('keeps all while there is room, and drops those from before a time', () => {
    const series = new SampleSeries(wide);
    for (let at = 0; at < 100; at++) series.add({ at, text: 'x' });
    assert.equal(times(series).length, 100);
    series.dropBefore(40);
    assert.deepEqual([times(series)[0], times(series).length], [40, 60]);
    series.dropBefore(1000);
    assert.equal(series.last, undefined);
  });

  it('of an hour of seconds keeps those close that are near what matters', () => {
    const series = new SampleSeries(wide);
    const onset = 120_000;
    for (let at = 0; at <= 3_600_000; at += 1000) series.add({ at, text: 'x' }, [onset]);
    const kept = times(series);
    assert.equal(kept.length, 100);
    assert.deepEqual([kept[0], kept.at(-1), kept.includes(onset)], [0, 3_600_000, true]);
    const widest = (from: number, to: number) => {
      const part = kept.filter((at) => at >= from && at <= to);
      return Math.max(...part.slice(1).map((at, index) => at - part[index]!));
    };
    const near = widest(100_000, 180_000);
    const far = widest(1_200_000, 2_400_000);
    const end = widest(3_550_000, 3_600_000);
    assert.ok(near <= 15_000, `near the onset every ${near} ms`);
    assert.ok(end <= 15_000, `at the end every ${end} ms`);
    assert.ok(far > near * 4, `${far} ms far from it`);
    assert.ok(widest(0, 3_600_000) < 300_000, 'no hole is wider than a few minutes');
  });

  it('is bounded in size too, and gives room back that it has made', () => {
    const series = new SampleSeries({ samples: 1000, characters: 10_000 });
    for (let at = 0; at < 300; at++) series.add({ at, text: 'x'.repeat(500) });
    assert.equal(times(series).length, 20);
    series.dropBefore(1e9);
    for (let at = 0; at < 300; at++) series.add({ at, text: 'x'.repeat(100) });
    assert.equal(times(series).length, 100);
  });

  it('keeps to its bounds, its order, its ends and what matters, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ passed: fc.integer({ min: 1, max: 100_000 }), length: fc.integer({ min: 1, max: 50 }) }), {
          minLength: 1,
          maxLength: 200,
        }),
        fc.integer({ min: 0, max: 199 }),
        (steps, index) => {
          const series = new SampleSeries({ samples: 20, characters: 700 });
          let at = 0;
          const stamps = steps.map(({ passed }) => {
            at += passed;
            return at;
          });
          const matters = stamps[Math.min(index, stamps.length - 1)]!;
          for (const [nth, { length }] of steps.entries()) {
            series.add({ at: stamps[nth]!, text: 'x'.repeat(length) }, matters <= stamps[nth]! ? [matters] : []);
          }
          const kept = times(series);
          assert.ok(kept.length <= 20);
          assert.ok(series.samples.reduce((sum, { text }) => sum + text.length, 0) <= 700);
          assert.deepEqual(
            kept,
            [...kept].sort((a, b) => a - b),
          );
          assert.deepEqual([kept[0], kept.at(-1)], [stamps[0], stamps.at(-1)]);
          assert.ok(kept.includes(matters));
        },
      ),
    );
  });
});
