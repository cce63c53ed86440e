import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type NatHeld, type NatInflow, natRunOff } from '../../../../agent/correlate/pools/nat-run-off.ts';

const HELD: NatHeld = { limit: 1000, open: 0, leaving: [], heldSeconds: 240 };
const AT_ONCE: NatInflow = { perSecond: 0, slope: 0, slopeSeconds: 0, endsPerSecond: Number.POSITIVE_INFINITY };
const DAY = 86_400;

const near = (value: number | null, expected: number) =>
  assert.ok(value !== null && Math.abs(value - expected) <= Math.max(1, expected * 0.02), `${value}, not ${expected}`);

describe('natRunOff', () => {
  it('fills by what comes, and settles at rate × time held', () => {
    near(natRunOff(HELD, { ...AT_ONCE, perSecond: 10 }, DAY).exhausted, 100);
    assert.deepEqual(natRunOff(HELD, { ...AT_ONCE, perSecond: 4 }, DAY), { exhausted: null, level: 960 });
    near(natRunOff(HELD, { ...AT_ONCE, perSecond: 4.3 }, DAY).exhausted, 1000 / 4.3);
  });

  it('takes into account what comes back meanwhile', () => {
    // 500 that leave by 5 a second: 10 a second come, so 5 more a second.
    const leaving = Array.from({ length: 101 }, (_, passed) => 500 - passed * 5);
    near(natRunOff({ ...HELD, leaving }, { ...AT_ONCE, perSecond: 10 }, DAY).exhausted, 100);
    near(natRunOff({ ...HELD, leaving, heldSeconds: 20 }, { ...AT_ONCE, perSecond: 10 }, DAY).level, 200);
  });

  it('counts a connection while it is open, and then for as long as it is held', () => {
    // 2 a second that live for 100 s on average, and are held for 240 more: 680.
    const inflow = { ...AT_ONCE, perSecond: 2, endsPerSecond: 0.01 };
    const { exhausted, level } = natRunOff(HELD, inflow, DAY);
    assert.equal(exhausted, null);
    near(level, 680);
    near(natRunOff({ ...HELD, limit: 400 }, inflow, DAY).exhausted, 200);
  });

  it('lets a leak run for hours', () => {
    const leak = { ...AT_ONCE, perSecond: 0.1, endsPerSecond: 0 };
    near(natRunOff(HELD, leak, DAY).exhausted, 10_000);
    assert.equal(natRunOff(HELD, leak, DAY).level, null);
    assert.equal(natRunOff(HELD, leak, 5000).exhausted, null);
  });

  it('is used up now, where nothing is left', () => {
    assert.equal(natRunOff({ ...HELD, open: 400, leaving: [600, 0] }, AT_ONCE, DAY).exhausted, 0);
  });

  it('follows a demand that rises for a while', () => {
    // From 0 to 20 a second over 10 s, then 20: 100 after 10 s, 1,000 after 55.
    near(natRunOff(HELD, { ...AT_ONCE, slope: 2, slopeSeconds: 10 }, DAY).exhausted, 55);
  });

  it('gives back what was closed meanwhile', () => {
    const rising = { ...AT_ONCE, slope: 1, slopeSeconds: 30 };
    assert.deepEqual(natRunOff({ ...HELD, limit: 160, heldSeconds: 5 }, rising, DAY), { exhausted: null, level: 150 });
    near(natRunOff({ ...HELD, limit: 80, heldSeconds: 5 }, rising, DAY).exhausted, 18.5);
  });
});
