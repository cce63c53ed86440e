import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Address, parseAddress } from '../../../agent/model/address.ts';
import { formatNetwork, isInside, parseNetwork } from '../../../agent/model/network.ts';

const inside = (network: string, address: string) => isInside(parseNetwork(network)!, parseAddress(address) as Address);

describe('parseNetwork', () => {
  it('reads what formatNetwork writes', () => {
    for (const text of ['10.0.0.0/8', '0.0.0.0/0', '203.0.113.7/32', '64:ff9b::/96', '::/0', '2001:db8::1/128']) {
      assert.equal(formatNetwork(parseNetwork(text)!), text);
    }
    assert.equal(formatNetwork(parseNetwork('10.9.0.2')!), '10.9.0.2/32');
  });

  it('refuses what is none, and bits beyond the prefix', () => {
    for (const text of [
      '',
      '/8',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/',
      '10.0.0/8',
      'x/8',
      '10.0.0.1/8',
      'fe80::1/64',
    ]) {
      assert.equal(parseNetwork(text), null, text);
    }
  });
});

describe('isInside', () => {
  it('compares the bits of the prefix, in every word', () => {
    const table: [string, string, boolean][] = [
      ['0.0.0.0/0', '255.255.255.255', true],
      ['10.0.0.0/8', '10.255.0.1', true],
      ['10.0.0.0/8', '11.0.0.0', false],
      ['172.16.0.0/12', '172.31.255.255', true],
      ['172.16.0.0/12', '172.32.0.0', false],
      ['203.0.113.7/32', '203.0.113.6', false],
      ['64:ff9b::/96', '64:ff9b::1.2.3.4', true],
      ['64:ff9b::/96', '64:ff9b:1::1.2.3.4', false],
      ['2001:db8::/33', '2001:db8:7fff::1', true],
      ['2001:db8::/33', '2001:db8:8000::1', false],
      ['::/0', '10.0.0.1', false],
      ['0.0.0.0/0', '::1', false],
    ];
    for (const [network, address, expected] of table) {
      assert.equal(inside(network, address), expected, `${address} in ${network}`);
    }
  });

  it('holds for an address in its own network, of any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }), (word, bits) => {
        const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
        assert.ok(isInside({ address: [(word & mask) >>> 0], bits }, [word]));
      }),
    );
  });
});
