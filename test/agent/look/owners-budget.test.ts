import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { OwnersBudget } from '../../../agent/look/owners-budget.ts';
import type { SoughtOwners } from '../../../agent/look/reach.ts';

const NETNS = 4001;

describe('OwnersBudget', () => {
  let clock: number;
  let cpu: number;
  /** Of a search that could go on for ever: what it takes beyond its budget, and by the clock. */
  let over: { readonly cpu: number; readonly clock: number };
  let given: number[];
  const owners: SoughtOwners = {
    seek: (_, budgetMs, netns) => {
      assert.equal(netns, NETNS);
      given.push(budgetMs);
      cpu += budgetMs + over.cpu;
      clock += budgetMs + over.clock;
      return false;
    },
    goOn: (netns, budgetMs, patienceMs) => {
      assert.equal(netns, NETNS);
      given.push(budgetMs, patienceMs);
      cpu += budgetMs;
      return new Map([[7, 1]]);
    },
    holderOf: () => 0,
    program: () => null,
    seesAll: true,
  };
  let budget: OwnersBudget;
  const tick = (): void => {
    clock += 1000;
    budget.topUp();
    budget.seek(new Uint32Array(), NETNS);
  };

  beforeEach(() => {
    clock = 0;
    cpu = 0;
    over = { cpu: 0, clock: 0 };
    given = [];
    budget = new OwnersBudget({ owners, cpu: () => cpu }, () => clock);
  });

  for (const more of [0, 5, 50]) {
    it(`spends 1 % of a core and what was saved, if a search takes ${more} ms more than it is given`, () => {
      over = { cpu: more, clock: more };
      for (let count = 0; count < 1000; count++) tick();
      assert.ok(cpu <= clock * 0.01 + 300 + more + 30, `${cpu} of ${clock} ms`);
      assert.ok(cpu >= clock * 0.01, `${cpu} of ${clock} ms`);
    });
  }

  it('does not charge for the time that others had the processor', () => {
    over = { cpu: 0, clock: 500 };
    for (let count = 0; count < 1000; count++) tick();
    assert.ok(cpu >= clock * 0.0099, `${cpu} of ${clock} ms`);
  });

  it('saves 300 ms, of which one look has 30, and gives a single look half a second', () => {
    clock = 1e6;
    for (let count = 0; count < 16; count++) tick();
    assert.deepEqual(given.slice(0, 10), new Array(10).fill(30));
    assert.ok(given.slice(-1)[0]! < 30);
    budget.once();
    budget.seek(new Uint32Array(), NETNS);
    assert.equal(given.at(-1), 500);
  });

  it('looks on from the same purse, for as long as it may by the clock', () => {
    budget.seek(new Uint32Array(), NETNS);
    assert.deepEqual([...budget.goOn(NETNS, 200)], [[7, 1]]);
    assert.deepEqual(given, [30, 30, 200]);
    for (let count = 0; count < 8; count++) budget.goOn(NETNS, 200);
    assert.equal(cpu, 300);
    assert.equal(budget.goOn(NETNS, 200).size, 0, 'spent');
    clock += 10_000;
    budget.topUp();
    assert.equal(budget.goOn(NETNS, 0).size, 0, 'no time for it');
    assert.equal(cpu, 300);
  });

  it('does not search where nothing can be told', () => {
    assert.equal(new OwnersBudget({ owners: null, cpu: () => 0 }, () => 0).seek(new Uint32Array(), NETNS), true);
  });
});
