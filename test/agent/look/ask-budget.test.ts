import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AskBudget } from '../../../agent/look/ask-budget.ts';

const complete = { answered: 1, complete: true };

describe('AskBudget', () => {
  it('says it where a single look has no time left, for every namespace that would have asked', () => {
    let clock = 0;
    const budget = new AskBudget(() => clock);
    budget.once();
    const slow = budget.spend((isLate) => {
      clock += 600;
      return { answered: 1, complete: !isLate() };
    });
    assert.match(slow.gap?.why ?? '', /not all of them could be asked about in 500 ms/);
    assert.ok(budget.isWorthwhile);
    const next = budget.spend((isLate) => ({ answered: 0, complete: !isLate() }));
    assert.match(next.gap?.why ?? '', /not all of them/);
  });

  it('takes half a percent of a core in the long run, in pieces worth it, and no Gap for waiting', () => {
    let clock = 0;
    const budget = new AskBudget(() => clock);
    budget.topUp();
    let spent = 0;
    for (let tick = 0; tick < 1000; tick++) {
      clock += 1000;
      budget.topUp();
      if (!budget.isWorthwhile) continue;
      const { tookMs, gap } = budget.spend((isLate) => {
        while (!isLate()) clock += 1;
        return { answered: 1, complete: false };
      });
      assert.equal(gap, null);
      spent += tookMs;
    }
    assert.ok(spent > 4500 && spent < 6500, `${spent} ms of 1,000,000`);
  });

  it('makes a Gap of what the kernel refuses', () => {
    const budget = new AskBudget(() => 0);
    const { gap } = budget.spend(() => {
      throw new Error('needs Linux 6.3');
    });
    assert.equal(gap?.why, 'needs Linux 6.3');
    assert.equal(budget.spend(() => complete).gap, null);
  });
});
