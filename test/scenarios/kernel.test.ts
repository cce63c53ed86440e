import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { obstacle } from '../kernel/netns.ts';
import { needs } from '../support/needs.ts';
import { meets } from './kernel-counts.ts';
import { testNodes } from './nodes.ts';
import { OTHER_SITUATIONS } from './other-situations.ts';
import { play, type ScenarioOptions } from './scenario.ts';
import type { Situation } from './situation.ts';
import { Stage } from './stage.ts';
import { undiciSituations } from './undici-situations.ts';
import { undicisOf } from './undicis.ts';

/** What each waits for is mostly another process to start. */
const concurrency = availableParallelism() + 1;
const missing = await obstacle();

const it_ = (situation: Situation, options: ScenarioOptions) =>
  it(situation.name, { skip: (situation.needs ?? []).map(needs).find((one) => one !== false) ?? false }, async () => {
    const stage = await Stage.open();
    try {
      const { counts } = await play(stage, situation, options);
      assert.ok(meets(counts, situation.kernel(options.count ?? situation.count, options.undici)));
    } finally {
      await stage.close();
    }
  });

describe('what the kernel gets', { skip: missing, concurrency }, () => {
  for (const node of testNodes()) {
    for (const undici of undicisOf(node)) {
      describe(`${undici.name}, Node ${node.version}`, { concurrency }, () => {
        const situations = undiciSituations(undici.use === 'fetch' ? 'fetch' : 'undici');
        for (const situation of situations) it_(situation, { node, undici });
      });
    }
    describe(`others, Node ${node.version}`, { concurrency }, () => {
      const undici = undicisOf(node)[0]!;
      for (const situation of OTHER_SITUATIONS) it_(situation, { node, undici });
    });
  }
});
