import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Held, type Inflow, runOff } from '../../../agent/correlate/run-off.ts';
import { clockBin, newTimeWaitClock } from '../../../agent/correlate/time-wait-clock.ts';

const LATE = 1;
const DAY = 86_400;

const nothing = (limit: number): Held => ({
  limit,
  firstLimit: limit / 2,
  used: 0,
  usedFirst: 0,
  clock: newTimeWaitClock(),
  earlier: 0,
});

/** Connections that are closed at once, by this side. */
const perRequest = (perSecond: number): Inflow => ({
  perSecond,
  slope: 0,
  slopeSeconds: 0,
  endsPerSecond: Number.POSITIVE_INFINITY,
  closedHere: 1,
  open: 0,
  heldSeconds: 60 + LATE,
  timeWaitCap: Number.POSITIVE_INFINITY,
});

/** So many TIME_WAIT of each tenth of a second, over these seconds left. */
function waiting(limit: number, perSecond: number, from: number, to: number): Held {
  const clock = newTimeWaitClock();
  let used = 0;
  let usedFirst = 0;
  for (let left = from * 10; left < to * 10; left++) {
    const bin = clockBin(left * 10);
    clock.all[bin]! += perSecond / 10;
    clock.first[bin]! += perSecond / 20;
    used += perSecond / 10;
    usedFirst += perSecond / 20;
  }
  return { ...nothing(limit), used, usedFirst, clock };
}

const near = (actual: number | null, expected: number, tolerance: number, what = '') =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= tolerance, `${what} ${actual}, not ${expected}`);

describe('runOff', () => {
  it('runs out after limit / rate, and gets slow at half of it', () => {
    const { exhausted, slow, level, peak } = runOff(nothing(28_232), perRequest(4000), LATE, DAY);
    near(exhausted, 28_232 / 4000, 0.01);
    near(slow, 14_116 / 4000, 0.01);
    near(level, 4000 * 61, 1);
    near(peak, 4000 * 61, 1000);
  });

  it('tells the ports used now and at each of the next sixty seconds', () => {
    const curve = new Float64Array(61);
    runOff(nothing(28_232), perRequest(100), LATE, DAY, curve);
    for (const [second, used] of curve.entries()) near(used, 100 * second, 1, `after ${second} s`);
    const falling = new Float64Array(61);
    runOff(waiting(13_000, 200, 0, 60), perRequest(0), LATE, DAY, falling);
    near(falling[0] as number, 12_000, 1);
    near(falling[30] as number, 6000, 400);
    near(falling[60] as number, 0, 200);
  });

  it('levels off at rate × time held: then it never runs out', () => {
    const { exhausted, level } = runOff(nothing(28_232), perRequest(455), LATE, DAY);
    assert.equal(exhausted, null);
    near(level, 455 * 61, 1);
  });

  it('is at the limit where rate × time held is, to the percent', () => {
    assert.equal(runOff(nothing(6100), perRequest(99), LATE, DAY).exhausted, null);
    near(runOff(nothing(6100), perRequest(101), LATE, DAY).exhausted, 60.4, 0.3);
  });

  it('lets what waits now come back by its timers', () => {
    // 200 a second for a minute hold 12,000 of 13,000; 250 a second settle at 15,250, the difference grows by 50 a second.
    const { exhausted } = runOff(waiting(13_000, 200, 0, 60), perRequest(250), LATE, DAY);
    near(exhausted, (13_000 - 12_000 - 200 * LATE) / 50, 1.5);
    const { exhausted: never, level } = runOff(waiting(13_000, 200, 0, 60), perRequest(200), LATE, DAY);
    assert.equal(never, null);
    near(level, 12_200, 1);
  });

  it('sees old ones return just in time', () => {
    // 9,000 of 10,000 end within 5 s; 400 a second take 2,000 until then, and settle elsewhere.
    const held = waiting(10_000, 1800, 0, 5);
    near(held.used, 9000, 1);
    assert.equal(runOff(held, perRequest(150), LATE, DAY).exhausted, null);
    near(runOff(waiting(10_000, 1800, 55, 60), perRequest(150), LATE, DAY).exhausted, 1000 / 150, 0.1);
  });

  it('gives back nothing of what the peer closes first, beyond its life', () => {
    const inflow = { ...perRequest(1000), closedHere: 0, endsPerSecond: 1 / 5 };
    near(runOff(nothing(28_232), inflow, LATE, DAY).level, 5000, 1);
  });

  it('follows a leak to its end', () => {
    const leak = { ...perRequest(1), endsPerSecond: 0 };
    near(runOff(nothing(3600), leak, LATE, DAY).exhausted, 3600, 30);
    assert.equal(runOff(nothing(3600), leak, LATE, 1000).exhausted, null);
    assert.equal(runOff(nothing(3600), leak, LATE, DAY).level, null);
  });

  it('stops at the cap of TIME_WAIT', () => {
    const { exhausted, level } = runOff(nothing(28_232), { ...perRequest(4000), timeWaitCap: 8000 }, LATE, DAY);
    assert.equal(exhausted, null);
    near(level, 8000, 1);
  });

  it('follows a rate that rises, for as long as it is told to', () => {
    // ∫ 10 h dh = 5 h²: 5,000 after 31.6 s.
    const rising = { ...perRequest(0), slope: 10, slopeSeconds: 60 };
    near(runOff(nothing(5000), rising, LATE, DAY).exhausted, Math.sqrt(1000), 0.3);
    assert.equal(runOff(nothing(5000), { ...rising, slopeSeconds: 5 }, LATE, DAY).exhausted, null);
  });

  it('is over already', () => {
    assert.equal(runOff({ ...nothing(100), used: 100, usedFirst: 50 }, perRequest(1), LATE, DAY).exhausted, 0);
  });

  it('never ends later when more is opened', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 30_000 }),
        fc.double({ min: 0.1, max: 5000, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (limit, rate, more, endsPerSecond, closedHere) => {
          const inflow = { ...perRequest(rate), endsPerSecond, closedHere };
          const { exhausted } = runOff(nothing(limit), inflow, LATE, DAY);
          const sooner = runOff(nothing(limit), { ...inflow, perSecond: rate * more }, LATE, DAY).exhausted;
          assert.ok((sooner ?? Number.POSITIVE_INFINITY) <= (exhausted ?? Number.POSITIVE_INFINITY) + 1e-6);
        },
      ),
    );
  });
});
