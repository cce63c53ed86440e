import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearest, suggestion } from '../../../agent/config/nearest.ts';

const KEYS = ['tick', 'to', 'listen', 'maxDestinations', 'logLevel'];

describe('nearest', () => {
  for (const [word, expected] of [
    ['tikc', 'tick'],
    ['ticks', 'tick'],
    ['TICK', 'tick'],
    ['maxdestinations', 'maxDestinations'],
    ['max-destinations', 'maxDestinations'],
    ['max_destination', 'maxDestinations'],
    ['log', null],
    ['', null],
    ['interval', null],
    ['x'.repeat(1_000_000), null],
  ] as const) {
    it(`of ${word.slice(0, 20) || 'nothing'} is ${expected}`, () => assert.equal(nearest(word, KEYS), expected));
  }
});

describe('suggestion', () => {
  it('asks, or is empty', () => {
    assert.equal(suggestion('lisen', KEYS), '; did you mean listen?');
    assert.equal(suggestion('zzzzzzzz', KEYS), '');
  });
});
