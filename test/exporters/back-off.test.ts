import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BackOff } from '../../exporters/back-off.ts';

const pauses = (backOff: BackOff, count: number, isUnreachable = false) =>
  Array.from({ length: count }, () => backOff.next(isUnreachable));

describe('BackOff', () => {
  it('waits twice as long each time, up to 30 s', () => {
    const longest = new BackOff(() => 1);
    assert.deepEqual(pauses(longest, 9), [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('takes up to a half off by chance', () => {
    assert.deepEqual(pauses(new BackOff(() => 0), 3), [125, 250, 500]);
    assert.deepEqual(pauses(new BackOff(() => 0.5), 3), [187.5, 375, 750]);
  });

  it('tries a connection that does not come about every 2 s', () => {
    assert.deepEqual(pauses(new BackOff(() => 1), 6, true), [250, 500, 1000, 2000, 2000, 2000]);
    const backOff = new BackOff(() => 1);
    pauses(backOff, 8);
    assert.equal(backOff.next(true), 2000, 'whatever was before');
  });

  it('begins anew after a success', () => {
    const backOff = new BackOff(() => 1);
    pauses(backOff, 5);
    backOff.reset();
    assert.equal(backOff.next(false), 250);
  });
});
