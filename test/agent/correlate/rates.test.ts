import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AGE_STEP_MS, AGE_STEPS, closesByAge } from '../../../agent/correlate/rates.ts';

/** One that begins with the seed, of evenly spread numbers. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** By age: closes at `rate(age in s)` a second, evenly or as chance has it. */
function agesOf(rate: (age: number) => number, chance: (() => number) | null = null): Uint32Array {
  const ages = new Uint32Array(AGE_STEPS);
  let due = 0;
  for (let step = 0; step < AGE_STEPS; step++) {
    const expected = (rate((step * AGE_STEP_MS) / 1000) * AGE_STEP_MS) / 1000;
    if (chance === null) {
      due += expected;
      ages[step] = Math.floor(due);
      due -= Math.floor(due);
    } else {
      for (let trial = 0; trial < 100; trial++) if (chance() < expected / 100) ages[step]!++;
    }
  }
  return ages;
}
const since = (begin: number, perSecond: number) => (age: number) => (age < begin ? perSecond : 0);
const near = (actual: number | null, expected: number, by = 0.05) =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= expected * by, `${actual}, not ${expected}`);

describe('closesByAge', () => {
  it('is right within 5 % however long ago it began', () => {
    for (const perSecond of [5, 12.5, 20, 33, 100, 1000, 4000]) {
      for (const begun of [0.3, 0.7, 1, 2.5, 4, 9, 17, 18.5, 29, 60]) {
        const ages = agesOf(since(begun, perSecond));
        const told = closesByAge(ages, 60_000);
        const closed = ages.reduce((sum, count) => sum + count, 0);
        if (told === null) assert.ok(closed < 40, `${perSecond} a second for ${begun} s: null of ${closed}`);
        // Of few, chance alone could have made as many more or less; and what began in between is seen in whole tenths.
        else if (closed >= 40) near(told, perSecond, begun > 2 && closed >= 100 ? 0.05 : 0.2);
      }
    }
  });

  it('tells what is now where it was more before', () => {
    near(
      closesByAge(
        agesOf((age) => (age < 5 ? 20 : 200)),
        60_000,
      ),
      20,
    );
    assert.equal(
      closesByAge(
        agesOf((age) => (age < 10 ? 0 : 100)),
        60_000,
      ),
      0,
    );
  });

  it('is null where too few have come since it changed', () => {
    assert.equal(
      closesByAge(
        agesOf((age) => (age < 5 ? 2 : 200)),
        60_000,
      ),
      null,
    );
  });

  it('is not led astray by chance', () => {
    const chance = random(7);
    let told = 0;
    for (let trial = 0; trial < 200; trial++) {
      const ages = agesOf(() => 20, chance);
      const of20 = ages.subarray(0, 200).reduce((sum, count) => sum + count, 0) / 20;
      const found = closesByAge(ages, 60_000);
      if (found !== null && Math.abs(found - of20) <= of20 * 0.1) told++;
    }
    assert.ok(told >= 190, `${told} of 200`);
  });

  it('looks no further than reuse lets it, and says null where that is too short', () => {
    near(
      closesByAge(
        agesOf(() => 100),
        1000,
      ),
      100,
    );
    assert.equal(
      closesByAge(
        agesOf(() => 100),
        500,
      ),
      null,
    );
  });
});
