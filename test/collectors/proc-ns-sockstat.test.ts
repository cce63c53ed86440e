import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readPulse } from '../../collectors/proc-ns-sockstat.ts';
import { denied, fakeHost } from '../support/fake-host.ts';

const TCP = 'sockets: used 7\nTCP: inuse 4 orphan 1 tw 9 alloc 606 mem 1\nUDP: inuse 3 mem 2\n';

describe('readPulse', () => {
  it('sums both families, and tells TIME_WAIT and what the whole host has', () => {
    const host = fakeHost({ 'net/sockstat': TCP, 'net/sockstat6': 'TCP6: inuse 2\nUDP6: inuse 5\n' });
    assert.deepEqual(readPulse(host, 'net'), { inUse: 6, timeWait: 9, allocated: 606 });
  });

  it('reads that of a process', () => {
    assert.equal(readPulse(fakeHost({ '42/net/sockstat': TCP }), '42/net').inUse, 4);
  });

  it('does without IPv6, but not without the right to read', () => {
    assert.equal(readPulse(fakeHost({ 'net/sockstat': TCP }), 'net').inUse, 4);
    assert.throws(() => readPulse(fakeHost({ 'net/sockstat': TCP, 'net/sockstat6': denied('x') }), 'net'), /EACCES/);
  });

  it('throws for what is no sockstat', () => {
    assert.throws(
      () => readPulse(fakeHost({ 'net/sockstat': 'TCP: inuse x\n' }), 'net'),
      /Cannot parse net\/sockstat: it has no "TCP: inuse/,
    );
  });
});
