import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Demand } from '../../../../agent/correlate/demand.ts';
import { type NatUse, natForecast, sumOfDemands } from '../../../../agent/correlate/pools/nat-forecast.ts';

const USE: NatUse = { limit: 1000, heldSeconds: 240, open: 0, leaving: [0], leavingLow: [0] };

function demand(perSecond: number, more: Partial<Demand> = {}, low = perSecond * 0.9): Demand {
  const rate = { perSecond, low, high: perSecond * 1.1, slope: 0, slopeSeconds: 0 };
  const ends = { endsPerSecond: Infinity, endsPerSecondHigh: Infinity };
  return { rate, open: 0, ...ends, closedHere: 1, knowsLives: true, isHeld: false, ...more };
}

describe('natForecast', () => {
  it('says when it is used up, and when at the demand that has held', () => {
    const { kind, exhaustedInSeconds, exhaustedInSecondsAtLow } = natForecast(USE, demand(10));
    assert.equal(kind, 'draining');
    assert.deepEqual(
      [exhaustedInSeconds, exhaustedInSecondsAtLow].map((one) => Math.round(one!)),
      [100, 111],
    );
  });

  it('is steady below what the quota sustains', () => {
    assert.deepEqual(natForecast(USE, demand(3)), {
      kind: 'steady',
      exhaustedInSeconds: null,
      exhaustedInSecondsAtLow: null,
      settlesAt: 720,
    });
  });

  it('rests on what is surely used', () => {
    const use = { ...USE, leaving: [900, 900, 900], leavingLow: [100, 100, 100], heldSeconds: 2 };
    const { exhaustedInSeconds, exhaustedInSecondsAtLow, kind } = natForecast(use, demand(200));
    assert.equal(kind, 'draining');
    assert.ok(exhaustedInSeconds! < 1 && exhaustedInSecondsAtLow === null);
    assert.equal(natForecast({ ...USE, leaving: [1000] }, null).kind, 'unknown');
    assert.equal(natForecast({ ...USE, leavingLow: [1000] }, null).kind, 'exhausted');
  });

  it('knows nothing without a demand, and looks no farther than it knows lives', () => {
    assert.deepEqual(natForecast(USE, null), {
      kind: 'unknown',
      exhaustedInSeconds: null,
      exhaustedInSecondsAtLow: null,
      settlesAt: null,
    });
    const filling = demand(10, { knowsLives: false, endsPerSecond: 0 });
    assert.equal(natForecast(USE, filling).exhaustedInSecondsAtLow, null, 'a pool may just be filling');
    const nearlyFull = natForecast({ ...USE, open: 800 }, { ...filling, open: 800 });
    assert.equal(Math.round(nearlyFull.exhaustedInSecondsAtLow!), 22);
  });
});

describe('sumOfDemands', () => {
  it('adds up what shares a pool', () => {
    const one = demand(10, { open: 20, endsPerSecond: 0.5 });
    const two = demand(2, { open: 60, endsPerSecond: 0.1, knowsLives: false });
    const sum = sumOfDemands([
      { open: 20, demand: one },
      { open: 60, demand: two },
      { open: 0, demand: null },
    ])!;
    assert.equal(sum.rate.perSecond, 12);
    assert.equal(sum.open, 80);
    assert.equal(sum.endsPerSecond, 0.2);
    assert.equal(sum.knowsLives, false);
  });

  it('is not known where one of them is not', () => {
    assert.equal(sumOfDemands([{ open: 20, demand: null }]), null);
    assert.equal(sumOfDemands([])!.rate.perSecond, 0);
  });
});
