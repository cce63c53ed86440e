import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorLog } from '../../agent/error-log.ts';

describe('errorLog', () => {
  it('says ten a minute of each kind, and with the next how many more there were', () => {
    const lines: object[] = [];
    let clock = 0;
    const log = errorLog(
      { error: (fields: object, text: string) => lines.push({ ...fields, text }) } as never,
      () => clock,
    );
    for (let count = 0; count < 25; count++) log('probe', new Error(`nonsense ${count}`));
    log('http', new Error('another kind'));
    assert.equal(lines.length, 11);
    clock = 60_000;
    log('probe', new Error('again'));
    log('probe', new Error('and again'));
    assert.deepEqual(lines.slice(10), [
      { err: 'another kind', text: 'http' },
      { err: 'again', heldBack: 15, text: 'probe' },
      { err: 'and again', text: 'probe' },
    ]);
  });
});
