import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { smallestChanges } from '../../../agent/correlate/plan-changes.ts';
import { settle, usableOf } from '../../../agent/correlate/plan-outcome.ts';
import type { PlanChange, PlanVerdict } from '../../../agent/model/plan.ts';
import { type PlanFlags, planFlags, question } from '../../support/plan-questions.ts';

async function verdict(flags: PlanFlags): Promise<PlanVerdict> {
  const asked = await question(flags);
  return settle(asked, usableOf(asked)).verdict;
}

async function changesOf(flags: PlanFlags) {
  const asked = await question(flags);
  return smallestChanges(asked, settle(asked, usableOf(asked)));
}

/** The same change, a little less of it; null: there is no less. */
function less({ set }: PlanChange, flags: PlanFlags): PlanFlags | null {
  const [[flag, value] = ['', '']] = Object.entries(set);
  const number = Number.parseFloat(value);
  if (flag === 'destinations' || flag === 'max-idle') return { ...flags, ...set, [flag]: String(number - 1) };
  if (flag === 'max-per-host') return number > 1 ? { ...flags, ...set, [flag]: String(number - 1) } : null;
  if (flag === 'reuse') return { ...flags, ...set, reuse: `${(number - 0.01).toFixed(2)}%` };
  if (flag === 'unread-bodies') return { ...flags, ...set, [flag]: `${(number + 0.01).toFixed(2)}%` };
  if (flag === 'range') {
    const [low = 0, high = 0] = value.split('-').map(Number);
    const [askedLow = 0] = String(flags['range']).split('-').map(Number);
    return { ...flags, range: low < askedLow ? `${low + 2}-${high}` : `${low}-${high - 2}` };
  }
  return null;
}

describe('smallestChanges', () => {
  it('makes it fit, each by itself, and with less of it it does not', async () => {
    const told = new Set<string>();
    await fc.assert(
      fc.asyncProperty(planFlags, async (flags) => {
        if ((await verdict(flags)) === 'fits') return;
        for (const change of (await changesOf(flags)).changes) {
          assert.equal(await verdict({ ...flags, ...change.set }), 'fits', JSON.stringify(change));
          const almost = less(change, flags);
          if (almost !== null) assert.notEqual(await verdict(almost), 'fits', JSON.stringify({ change, almost }));
          for (const flag of Object.keys(change.set)) told.add(flag);
        }
      }),
      { numRuns: 120, seed: 1 },
    );
    const all = ['destinations', 'max-idle', 'max-per-host', 'range', 'reuse', 'tw-reuse', 'unread-bodies'];
    assert.deepEqual([...told].sort(), all);
  });

  it('tells of every option whether it is enough', async () => {
    const { changes, notEnough } = await changesOf({ rate: '4000', 'max-idle': '2', concurrency: '2000' });
    assert.deepEqual(
      changes.map(({ set }) => set),
      [{ 'max-idle': '20' }, { destinations: '6' }, { 'tw-reuse': '1' }],
    );
    assert.match(changes[0]?.means ?? '', /20 idle .* 2000 if requests come in bursts/);
    assert.deepEqual(notEnough, ['range']);
  });

  it('puts two together where neither is enough', async () => {
    const flags = { rate: '4000', 'max-idle': '2', 'unread-bodies': '50%', concurrency: '100' };
    const { changes, notEnough } = await changesOf(flags);
    assert.deepEqual(changes[0]?.set, { 'max-idle': '14', 'unread-bodies': '0%' });
    assert.deepEqual(notEnough, ['max-idle', 'unread-bodies', 'range']);
  });

  it('says nothing of TIME_WAIT where the server has it', async () => {
    const { changes, notEnough } = await changesOf({ rate: '1000', lifetime: '30s', closes: 'remote' });
    assert.deepEqual([...changes.map(({ set }) => Object.keys(set)), notEnough].flat(), [
      'reuse',
      'destinations',
      'range',
    ]);
  });
});
