import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { OwnersBudget } from '../../../agent/look/owners-budget.ts';
import type { Reach } from '../../../agent/look/reach.ts';
import { fakeHost } from '../../support/fake-host.ts';

describe('OwnersBudget', () => {
  let clock: number;
  let cpu: number;
  let costs: { readonly cpu: number; readonly clock: number };
  let given: number[];
  const files: Record<string, string> = {};
  const owners = {
    seek: (_: ArrayLike<number>, budgetMs: number) => {
      given.push(budgetMs);
      cpu += costs.cpu;
      clock += costs.clock;
      files['thread-self/schedstat'] = `${cpu * 1e6} 0 0\n`;
      return true;
    },
  } as unknown as Reach['owners'];
  let budget: OwnersBudget;
  const tick = (): boolean => {
    clock += 1000;
    budget.topUp();
    return budget.seek(new Uint32Array());
  };

  beforeEach(() => {
    clock = 0;
    cpu = 0;
    given = [];
    files['thread-self/schedstat'] = '0 0 0\n';
    budget = new OwnersBudget(owners, fakeHost(files), () => clock);
  });

  it('gives 1 % of a core, whatever a search costs', () => {
    costs = { cpu: 50, clock: 50 };
    for (let count = 0; count < 100; count++) tick();
    assert.ok(given.length >= 20 && given.length <= 25, `${given.length} of 100 ticks`);
  });

  it('does not charge for the time that others had the processor', () => {
    costs = { cpu: 5, clock: 500 };
    for (let count = 0; count < 100; count++) assert.equal(tick(), true);
    assert.equal(given.length, 100);
  });

  it('goes by the clock where the kernel does not tell', () => {
    costs = { cpu: 0, clock: 50 };
    budget = new OwnersBudget(owners, fakeHost({}), () => clock);
    for (let count = 0; count < 100; count++) tick();
    assert.ok(given.length <= 25, `${given.length} of 100 ticks`);
  });

  it('saves no more than 30 ms, and gives a single look half a second', () => {
    costs = { cpu: 0, clock: 0 };
    clock = 1e6;
    tick();
    assert.deepEqual(given, [30]);
    budget.once();
    budget.seek(new Uint32Array());
    assert.deepEqual(given, [30, 500]);
  });
});
