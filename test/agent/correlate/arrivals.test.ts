import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ArrivalRecord } from '../../../agent/correlate/arrivals.ts';
import { BIN_MS } from '../../../agent/correlate/steady-flow.ts';

const BINS_A_TICK = 1000 / BIN_MS;

/** `perTick` connections a second, spread evenly and closed at once. */
function ticks(record: ArrivalRecord, from: number, counts: readonly number[]): void {
  for (const [index, count] of counts.entries()) {
    record.add(from + index * 1000, count, new Array(BINS_A_TICK).fill(count / BINS_A_TICK));
  }
}

describe('ArrivalRecord', () => {
  it('knows nothing before a second has been seen', () => {
    const record = new ArrivalRecord(10_000);
    assert.equal(record.rate(), null);
    record.add(10_500, 50, []);
    assert.equal(record.rate(), null);
  });

  it('tells a steady rate, and bounds around it', () => {
    const record = new ArrivalRecord(10_000);
    ticks(record, 11_000, new Array(20).fill(100));
    const rate = record.rate();
    assert.ok(rate !== null && Math.abs(rate.perSecond - 100) < 1, JSON.stringify(rate));
    assert.ok(rate.low > 90 && rate.low < 100 && rate.high > 100 && rate.high < 110, JSON.stringify(rate));
    assert.equal(rate.slope, 0);
  });

  it('tells the rate from the ages of the first look alone', () => {
    const rate = new ArrivalRecord(60_000, new Array(300).fill(40), 100).rate();
    assert.ok(rate !== null && Math.abs(rate.perSecond - 400) < 1 && rate.low > 380, JSON.stringify(rate));
  });

  it('has no sure rate from a single burst, however big', () => {
    const record = new ArrivalRecord(10_000);
    ticks(record, 11_000, [0, 0, 0]);
    const ages = new Array(BINS_A_TICK).fill(0);
    for (let age = 3; age < 3 + 700 / BIN_MS; age++) ages[age] = 500;
    record.add(14_000, 7000, ages);
    assert.equal(record.rate()?.low, 0);
  });

  it('spreads what lives on over the time between two looks', () => {
    const record = new ArrivalRecord(10_000);
    for (let at = 11_000; at <= 20_000; at += 1000) record.add(at, 30, []);
    const rate = record.rate();
    assert.ok(rate !== null && Math.abs(rate.perSecond - 30) < 1 && rate.low > 20, JSON.stringify(rate));
  });

  it('does not count more ages than were opened', () => {
    const record = new ArrivalRecord(10_000);
    for (let at = 11_000; at <= 20_000; at += 1000) record.add(at, 50, new Array(BINS_A_TICK).fill(10));
    assert.ok(Math.abs((record.rate()?.perSecond ?? 0) - 50) < 1);
  });

  it('follows a ramp', () => {
    const record = new ArrivalRecord(10_000);
    ticks(
      record,
      11_000,
      Array.from({ length: 25 }, (_, second) => 100 + 10 * second),
    );
    const rate = record.rate();
    assert.ok(rate !== null && Math.abs(rate.slope - 10) < 1 && rate.perSecond > 330, JSON.stringify(rate));
  });

  it('remembers the peak of the last half minute', () => {
    const record = new ArrivalRecord(10_000);
    ticks(record, 11_000, [4000, 4000, 4000, 100, 100, 100]);
    const { perSecond, low } = record.peak();
    assert.ok(Math.abs(perSecond - 4000) < 50 && low > 2500, `${perSecond} ${low}`);
  });

  it('starts anew after a gap longer than it remembers', () => {
    const record = new ArrivalRecord(10_000);
    ticks(record, 11_000, new Array(5).fill(100));
    record.add(100_000, 0, []);
    assert.equal(record.rate()?.perSecond, 0);
  });
});
