import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCorpus } from './corpus.ts';
import { attempt } from './fuzzing.ts';
import { bytesOf } from './target.ts';
import { TARGETS } from './targets.ts';

/** In ms; generous, for other tests run at the same time. */
const SLOWEST_MS = 5000;

describe('what the fuzzer has kept', () => {
  for (const target of TARGETS) {
    it(`holds for ${target.name}`, async () => {
      const kept = readCorpus(target.name);
      assert.ok(kept.length > 0, 'npm run fuzz makes a corpus');
      for (const { name, input } of [
        ...target.seeds.map((seed) => ({ name: 'a seed', input: bytesOf(seed) })),
        ...kept,
      ]) {
        const finding = await attempt(target, input, SLOWEST_MS);
        if (finding !== null)
          throw new Error(`${target.name}/${name}: ${finding.error.message}`, { cause: finding.error });
      }
    });
  }
});
