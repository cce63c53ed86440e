import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNat } from '../../../agent/config/nat-values.ts';
import { type Address, parseAddress } from '../../../agent/model/address.ts';
import { isThrough } from '../../../agent/model/nat-quota.ts';
import { formatNetwork } from '../../../agent/model/network.ts';

const short = (text: string) => {
  const { name, ports, per, heldSeconds } = parseNat(text);
  return { name, ports, per, heldSeconds };
};

describe('parseNat', () => {
  it('takes what a preset has, and each of its numbers otherwise', () => {
    const per = 'destination';
    const table = {
      'preset=aws-nat-gateway': { name: 'aws-nat-gateway', ports: 55_000, per, heldSeconds: 60 },
      'preset=aws-nat-gateway;addresses=2;machines=10': {
        name: 'aws-nat-gateway',
        ports: 11_000,
        per,
        heldSeconds: 60,
      },
      'preset=azure-load-balancer': { name: 'azure-load-balancer', ports: 1024, per, heldSeconds: 240 },
      'preset=azure-load-balancer; ports=64; name=egress': { name: 'egress', ports: 64, per, heldSeconds: 240 },
      'preset=azure-nat-gateway;machines=7': { name: 'azure-nat-gateway', ports: 7142, per, heldSeconds: 65 },
      'preset=google-cloud-nat;held=30s': { name: 'google-cloud-nat', ports: 64, per, heldSeconds: 30 },
      'preset=google-cloud-nat;per=machine': { name: 'google-cloud-nat', ports: 64, per: 'machine', heldSeconds: 120 },
      'ports=100;held=1500ms': { name: 'nat', ports: 100, per, heldSeconds: 1.5 },
    };
    for (const [text, expected] of Object.entries(table)) assert.deepEqual(short(text), expected, text);
  });

  it('reads networks, with commas or blanks between them', () => {
    const { networks, except } = parseNat(
      'networks=203.0.113.0/24 ::/0,198.51.100.1;except=203.0.113.7;ports=1;held=1s',
    );
    assert.deepEqual(networks.map(formatNetwork), ['203.0.113.0/24', '::/0', '198.51.100.1/32']);
    assert.deepEqual(except.map(formatNetwork), ['203.0.113.7/32']);
  });

  it('takes everything but private networks, unless networks are named', () => {
    const through = (text: string, remote: string) => isThrough(parseNat(text), parseAddress(remote) as Address);
    const preset = 'preset=aws-nat-gateway';
    for (const remote of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '64:ff9b::8.8.8.8']) {
      assert.ok(through(preset, remote), remote);
      assert.ok(through(`${preset};networks=public`, remote), remote);
    }
    for (const remote of [
      '10.9.0.2',
      '172.20.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '2001:db8::1',
    ]) {
      assert.ok(!through(preset, remote), remote);
    }
    assert.ok(!through(`${preset};except=8.8.8.0/24`, '8.8.8.8'));
    assert.ok(through(`${preset};networks=0.0.0.0/0`, '10.9.0.2'));
  });

  it('refuses what it cannot mean, and says what would do', () => {
    const table: [string, RegExp][] = [
      ['', /will not do; use KEY=VALUE with name, preset/],
      ['size=3', /"size=3" will not do; use KEY=VALUE/],
      ['ports=', /will not do/],
      ['ports=10;ports=11;held=1s', /ports is given twice; give it once/],
      ['held=1s', /has no ports; give it, or a preset/],
      ['ports=10', /has no held; give it, or a preset/],
      [
        'preset=gcp',
        /"gcp" will not do; use aws-nat-gateway, azure-load-balancer, azure-nat-gateway or google-cloud-nat/,
      ],
      ['ports=0;held=1s', /"0" is out of bounds/],
      ['ports=10;held=1h', /is not a duration/],
      ['ports=10;held=16m', /is too long/],
      ['ports=10;held=1s;machines=11', /leaves no port for this machine/],
      ['ports=10;held=1s;per=host', /use destination or machine/],
      ['ports=10;held=1s;networks=10.0.0.1/8', /"10.0.0.1\/8" is no network; use one like/],
      ['ports=10;held=1s;name=a"b', /is no name/],
    ];
    for (const [text, message] of table) assert.throws(() => parseNat(text), { name: 'RangeError', message }, text);
  });
});
