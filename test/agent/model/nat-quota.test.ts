import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Address, formatAddress, parseAddress } from '../../../agent/model/address.ts';
import { isThrough, type NatQuota, translated } from '../../../agent/model/nat-quota.ts';
import { type Network, parseNetwork } from '../../../agent/model/network.ts';

const address = (text: string) => parseAddress(text) as Address;
const network = (text: string) => parseNetwork(text) as Network;

describe('isThrough', () => {
  it('is in one of the networks and in none of the exceptions', () => {
    const quota: NatQuota = {
      name: 'nat',
      networks: ['0.0.0.0/0', '64:ff9b::/96'].map(network),
      except: ['10.0.0.0/8', '203.0.113.7'].map(network),
      ports: 1,
      per: 'destination',
      heldSeconds: 60,
    };
    const found = ['8.8.8.8', '10.1.1.1', '203.0.113.7', '203.0.113.8', '64:ff9b::8.8.8.8', '2001:db8::1'].map((text) =>
      isThrough(quota, address(text)),
    );
    assert.deepEqual(found, [true, false, false, true, true, false]);
  });
});

describe('translated', () => {
  it('is the IPv4 address behind the prefix of NAT64, else the address itself', () => {
    const pairs = [
      ['64:ff9b::203.0.113.7', '203.0.113.7'],
      ['64:ff9b:1::203.0.113.7', '64:ff9b:1::cb00:7107'],
      ['203.0.113.7', '203.0.113.7'],
    ] as const;
    for (const [from, to] of pairs) assert.equal(formatAddress(translated(address(from))), to);
  });
});
