import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMark, encodeMark, sinceWhen } from '../../../exporters/incidents/mark.ts';

const mark = { since: '2026-11-20T10:00:00.000Z', until: '2026-11-23T02:40:00.000Z' };

describe('a mark', () => {
  it('is what was written', () => assert.deepEqual(decodeMark(encodeMark(mark)), mark));

  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"schema":"lastport-recording/2"}',
    '{"schema":"lastport-recording/1","since":"x","until":"y"}',
  ]) {
    it(`is none: ${text}`, () => assert.equal(decodeMark(Buffer.from(text)), null));
  }
});

describe('sinceWhen', () => {
  const after = (minutes: number) => Date.parse(mark.until) + minutes * 60_000;
  it('goes on from a daemon that ended lately', () => assert.equal(sinceWhen(mark, after(15)), mark.since));
  it('begins anew after a pause', () => assert.equal(sinceWhen(mark, after(25)), '2026-11-23T03:05:00.000Z'));
  it('begins where there was none', () => assert.equal(sinceWhen(null, after(0)), mark.until));
});
