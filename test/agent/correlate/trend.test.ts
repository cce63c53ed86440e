import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BIN_MS, BINS, type Recent } from '../../../agent/correlate/steady-flow.ts';
import { trend } from '../../../agent/correlate/trend.ts';

/** Opens per second, by the seconds before now. */
function recent(rate: (secondsAgo: number) => number, seconds = 30): Recent {
  const all = new Float64Array(BINS + 1);
  const bins = Math.min(BINS - 1, (seconds * 1000) / BIN_MS);
  for (let age = 0; age < bins; age++) all[age + 1] = all[age]! + (rate(((age + 0.5) * BIN_MS) / 1000) * BIN_MS) / 1000;
  return { bins, all, dated: all, widestGap: () => 1000 };
}

describe('trend', () => {
  it('finds the line that the seconds lie on, and where it is now', () => {
    const line = trend(recent((ago) => 1000 - 20 * ago));
    assert.ok(line !== null);
    assert.ok(Math.abs(line.slope - 20) < 0.01 && Math.abs(line.now - 1000) < 0.01, JSON.stringify(line));
    assert.equal(line.seconds, 30);
  });

  it('finds none in what is level, in a step, or in too little', () => {
    assert.equal(trend(recent(() => 500)), null);
    assert.equal(trend(recent((ago) => (ago < 3 ? 4000 : 0))), null);
    assert.equal(trend(recent((ago) => 1000 - 20 * ago, 4)), null);
    assert.equal(trend(recent(() => 0.1)), null);
  });

  it('takes the newest line where there are several', () => {
    const line = trend(recent((ago) => (ago < 10 ? 1000 - 50 * ago : 500)));
    assert.ok(line !== null && line.seconds <= 10 && Math.abs(line.slope - 50) < 1, JSON.stringify(line));
  });

  it('follows one that falls', () => {
    assert.ok((trend(recent((ago) => 100 + 20 * ago))?.slope ?? 0) < -19);
  });
});
