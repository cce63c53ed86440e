import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causeWords } from '../../../agent/correlate/cause-words.ts';
import { destination } from '../../support/assessments.ts';

const closes = (opensPerSecond: number | null, local: number | null) =>
  causeWords(destination({ opensPerSecond, closesPerSecond: { local, remote: null } }));

describe('causeWords', () => {
  it('says that connections are not reused where this host closes them as they come', () => {
    assert.match(closes(3480, 3479)?.cause ?? '', /closed after use instead of being reused: 3479 a second/);
    assert.match(closes(100, 50)?.remedy ?? '', /keep connections alive/);
  });

  for (const [opens, local] of [
    [100, 49],
    [null, 100],
    [100, null],
    [1, 1],
  ] as const) {
    it(`says nothing of ${opens} opens and ${local} closes`, () => assert.equal(closes(opens, local), null));
  }
});
