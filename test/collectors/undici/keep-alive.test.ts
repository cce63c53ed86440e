import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readKeepAlive } from '../../../collectors/undici/keep-alive.cts';

const read = (headers: unknown) => {
  const found = { serverCloses: false, hint: Number.POSITIVE_INFINITY };
  readKeepAlive(headers, found);
  return [found.serverCloses, found.hint];
};
const bytes = (...texts: string[]) => texts.map((text) => Buffer.from(text));
const NONE = [false, Number.POSITIVE_INFINITY];

describe('readKeepAlive', () => {
  for (const [what, headers, expected] of [
    ['bytes', bytes('Content-Type', 'text/plain', 'Connection', 'keep-alive', 'Keep-Alive', 'timeout=5'), [false, 5]],
    ['text', ['connection', 'close'], [true, Number.POSITIVE_INFINITY]],
    ['capitals', bytes('CONNECTION', 'Close'), [true, Number.POSITIVE_INFINITY]],
    ['a list of options', bytes('connection', 'Upgrade, close'), [true, Number.POSITIVE_INFINITY]],
    ['a word that holds close', bytes('connection', 'x-enclosed'), NONE],
    ['parameters', bytes('keep-alive', 'max=100, timeout = 2'), [false, 2]],
    ['another header of ten letters', bytes('set-cookie', 'timeout=1; close'), NONE],
    ['no number', bytes('keep-alive', 'timeout=soon'), NONE],
    ['a number without end', bytes('keep-alive', `timeout=${'9'.repeat(400)}`), [false, 999_999_999]],
    ['a value without end', bytes('connection', `${'x'.repeat(100_000)}, close`), NONE],
    ['a name without a value', bytes('connection'), NONE],
    ['an object, as HTTP/2 has them', { connection: 'close' }, NONE],
    ['nonsense', [null, 7, undefined, {}], NONE],
    ['nothing', undefined, NONE],
  ] as const) {
    it(`reads ${what}`, () => assert.deepEqual(read(headers), [...expected]));
  }
});
