import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Seconds } from '../../../../agent/correlate/pools/seconds.ts';

const near = (value: number, expected: number, by = 0.01) =>
  assert.ok(Math.abs(value - expected) <= by, `${value}, not ${expected}`);

describe('Seconds', () => {
  it('knows how much happened lately, and forgets what is older than it is made for', () => {
    const seconds = new Seconds(60);
    for (let at = 0; at < 200_000; at += 1000) seconds.add(at, at + 1000, 10);
    near(seconds.within(200_000, 60), 600);
    near(seconds.within(200_000, 1.5), 15);
    near(seconds.within(200_000, 0), 0);
    near(seconds.within(230_000, 60), 300);
    near(seconds.within(270_000, 60), 0);
  });

  it('spreads what came between two looks over the time between them', () => {
    const seconds = new Seconds(60);
    seconds.add(10_000, 30_000, 200);
    near(seconds.within(30_000, 5), 50);
    near(seconds.within(30_000, 12.5), 125);
    near(seconds.within(35_000, 10), 50);
  });

  it('takes what is dated back, and keeps of it what is not too old', () => {
    const seconds = new Seconds(30);
    seconds.add(50_000, 50_000, 1);
    seconds.add(40_500, 40_500, 5);
    seconds.add(10_000, 10_000, 100);
    near(seconds.within(50_000, 30), 6);
    near(seconds.within(50_000, 5), 1);
  });

  it('says what is left of it as time goes by: no more than now, and nothing in the end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.integer({ min: 0, max: 89_999 }), count: fc.integer({ min: 0, max: 50 }) })),
        fc.integer({ min: 1, max: 60 }),
        (events, held) => {
          const seconds = new Seconds(60);
          for (const { at, count } of events.sort((a, b) => a.at - b.at)) seconds.add(at, at, count);
          const left = seconds.leaving(90_000, held);
          near(left[0]!, seconds.within(90_000, held), 0.01);
          for (let passed = 1; passed < left.length; passed++) {
            assert.ok(left[passed]! <= left[passed - 1]! + 1e-6);
            near(left[passed]!, seconds.within(90_000, held - passed), 0.01);
          }
          near(left.at(-1)!, 0);
        },
      ),
    );
  });
});
