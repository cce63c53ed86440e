import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Demand } from '../../../agent/correlate/demand.ts';
import { forecast, NO_FORECAST, type Surroundings } from '../../../agent/correlate/forecast.ts';
import { newTimeWaitClock } from '../../../agent/correlate/time-wait-clock.ts';
import type { Headroom } from '../../../agent/model/assessment.ts';

const AROUND: Surroundings = { lateSeconds: 1, timeWaitMost: null, timeWaitNow: null };
const PORTS = 28_232;

const headroom = (usedPorts: number): Headroom => ({
  usablePorts: PORTS,
  usedPorts,
  blockedPorts: 0,
  maybeBlockedPorts: 0,
  reusablePorts: 0,
  headroomPorts: PORTS - usedPorts,
  headroomPortsLow: PORTS - usedPorts,
  fastHeadroomPorts: PORTS / 2 - usedPorts,
});
const held = (used: number) => ({
  limit: PORTS,
  firstLimit: PORTS / 2,
  used,
  usedFirst: Math.min(used, PORTS / 2),
  clock: newTimeWaitClock(),
  earlier: 0,
});
const demand = (perSecond: number, more: Partial<Demand> & { low?: number } = {}): Demand => ({
  rate: { perSecond, low: more.low ?? perSecond, high: perSecond, slope: 0, slopeSeconds: 0 },
  open: 0,
  endsPerSecond: Number.POSITIVE_INFINITY,
  endsPerSecondHigh: Number.POSITIVE_INFINITY,
  closedHere: 1,
  knowsLives: true,
  isHeld: false,
  ...more,
});
const of = (used: number, asked: Demand | null, around = AROUND) => forecast(headroom(used), held(used), asked, around);

describe('forecast', () => {
  it('has both deadlines of a demand that is too high, and none of one that settles', () => {
    const storm = of(0, demand(4000));
    assert.equal(storm.kind, 'draining');
    assert.ok(
      Math.abs((storm.exhaustedInSeconds ?? 0) - 7.06) < 0.1 &&
        Math.abs((storm.slowConnectInSeconds ?? 0) - 3.53) < 0.1,
    );
    const calm = of(0, demand(200));
    assert.equal(calm.kind, 'steady');
    assert.deepEqual([calm.exhaustedInSeconds, calm.slowConnectInSeconds, calm.settlesAtPorts], [null, null, 12_400]);
  });

  it('rests its sure deadlines on what has held', () => {
    const seen = of(0, demand(4000, { low: 100 }));
    assert.ok(seen.exhaustedInSeconds !== null);
    assert.equal(seen.exhaustedInSecondsAtLow, null);
    assert.equal(of(0, demand(4000, { low: 0 })).slowConnectInSecondsAtLow, null);
  });

  it('is unknown where too little is known, and exhausted whatever is known', () => {
    assert.deepEqual(of(1000, null), NO_FORECAST);
    const ended = forecast(headroom(PORTS), null, null, AROUND);
    assert.deepEqual([ended.kind, ended.exhaustedInSeconds, ended.slowConnectInSeconds], ['exhausted', 0, 0]);
  });

  it('takes the size of the TIME_WAIT table for the limit it is, less what others have of it', () => {
    const capped = (timeWaitMost: number, timeWaitNow: number) =>
      of(0, demand(4000), { ...AROUND, timeWaitMost, timeWaitNow }).kind;
    assert.equal(capped(100_000, 0), 'draining');
    assert.equal(capped(20_000, 0), 'steady');
    assert.equal(capped(40_000, 20_000), 'steady');
  });

  it('looks no further than a minute, and sounds no alarm below three quarters, where nothing has closed yet', () => {
    const pool = { knowsLives: false, endsPerSecond: 0, endsPerSecondHigh: 0 };
    assert.equal(of(1000, demand(400, { ...pool, open: 1000 })).exhaustedInSecondsAtLow, null);
    assert.ok(of(22_000, demand(400, { ...pool, open: 22_000 })).exhaustedInSecondsAtLow !== null);
    assert.equal(of(22_000, demand(50, { ...pool, open: 22_000 })).exhaustedInSecondsAtLow, null);
  });

  it('allows for chance in how long connections live', () => {
    // 300 a second that live 40 s settle at 30,300; at 36 s, at 29,100; at 30 s, below the limit.
    const lives = (seconds: number, fewest: number) =>
      of(0, demand(300, { endsPerSecond: 1 / seconds, endsPerSecondHigh: 1 / fewest }));
    assert.ok(lives(40, 36).exhaustedInSecondsAtLow !== null);
    assert.equal(lives(40, 30).exhaustedInSecondsAtLow, null);
    assert.ok(lives(40, 30).exhaustedInSeconds !== null);
  });
});
