import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareAddresses, formatAddress, isLoopback, parseAddress } from '../../../agent/model/address.ts';

const word = fc.oneof(fc.constant(0), fc.nat(0xffff), fc.integer({ min: 0, max: 0xffffffff }));

describe('formatAddress', () => {
  for (const [text, canonical] of [
    ['10.9.0.1', '10.9.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:0a00:0001', '10.0.0.1'],
  ] as const) {
    it(`${text} is ${canonical}`, () => {
      const address = parseAddress(text);
      assert.ok(address);
      assert.equal(formatAddress(address), canonical);
    });
  }

  it('parses back to the same address, and reads as node:net reads it', () => {
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        fc.pre(!(a === 0 && b === 0 && c === 0xffff));
        const text = formatAddress([a, b, c, d]);
        assert.deepEqual(parseAddress(text), [a, b, c, d]);
        assert.doesNotThrow(() => new SocketAddress({ address: text, family: 'ipv6' }));
      }),
    );
    fc.assert(fc.property(word, (a) => assert.deepEqual(parseAddress(formatAddress([a])), [a])));
  });
});

describe('parseAddress', () => {
  for (const text of [
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::1',
    '1.2.3',
    '1.2.3.4.5',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAddress(text), null));
  }
  for (const text of [
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4x',
    ' 1.2.3.4',
    '::1.2.3',
    '1.2.3.4::',
    'fe80::1%eth0',
    '::1 ',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAddress(text), null));
  }
});

describe('isLoopback', () => {
  for (const [text, expected] of [
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.9.0.1', false],
    ['::2', false],
    ['::', false],
  ] as const) {
    it(`${text}: ${expected}`, () => assert.equal(isLoopback(parseAddress(text)!), expected));
  }
});

describe('compareAddresses', () => {
  it('is a total order, IPv4 first', () => {
    const addresses = ['::1', '10.0.0.2', '2001:db8::', '10.0.0.1'].map((text) => parseAddress(text)!);
    assert.deepEqual(addresses.sort(compareAddresses).map(formatAddress), [
      '10.0.0.1',
      '10.0.0.2',
      '::1',
      '2001:db8::',
    ]);
  });
});
