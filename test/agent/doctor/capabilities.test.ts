import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCapabilities, KNOWN_CAPABILITIES, parseCredentials } from '../../../agent/doctor/capabilities.ts';

describe('decodeCapabilities', () => {
  for (const [mask, names] of [
    ['0000000000000000', []],
    ['0000000000000001', ['CAP_CHOWN']],
    ['0000000000080000', ['CAP_SYS_PTRACE']],
    ['0000000000201000', ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN']],
    ['0000010000000000', ['CAP_CHECKPOINT_RESTORE']],
    ['8000000000000000', ['CAP_63']],
  ] as const) {
    it(`of ${mask} gives ${names.join(' ') || 'none'}`, () => assert.deepEqual(decodeCapabilities(mask), names));
  }

  it('has a name for every bit of Linux 5.9 and later', () => {
    assert.equal(KNOWN_CAPABILITIES, 41);
    assert.ok(decodeCapabilities('000001ffffffffff').every((name) => /^CAP_[A-Z_]+$/.test(name)));
  });
});

describe('parseCredentials', () => {
  it('takes the effective uid and capabilities', () => {
    const status = 'Name:\tnode\nUid:\t0\t1000\t0\t0\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000080000\n';
    assert.deepEqual(parseCredentials(status), { uid: 1000, capabilities: ['CAP_SYS_PTRACE'] });
  });

  for (const [status, message] of [
    ['', 'Cannot find "Uid:" in self/status'],
    ['Uid:\t0\t0\t0\t0\n', 'Cannot find "CapEff:" in self/status'],
    ['Uid:\t0\t0\t0\t0\nCapEff:\tZZ\n', 'Cannot find "CapEff:" in self/status'],
  ] as const) {
    it(`throws on ${JSON.stringify(status)}`, () => assert.throws(() => parseCredentials(status), { message }));
  }
});
