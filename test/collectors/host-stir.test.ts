import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostStir } from '../../collectors/host-stir.ts';
import { fakeHost } from '../support/fake-host.ts';

const SOFTNET = '0000000a 00000000 00000000\n00000100 00000000 00000000\n';
const SOCKSTAT = 'sockets: used 7\nTCP: inuse 4 orphan 1 tw 9 alloc 606 mem 1\nUDP: inuse 3 mem 2\n';

describe('HostStir', () => {
  it('sums the packets of all CPUs, and reads anew every time', () => {
    const files = { 'net/softnet_stat': SOFTNET, 'net/sockstat': SOCKSTAT };
    const stir = new HostStir(fakeHost(files));
    assert.deepEqual(stir.read(), { packets: 266, allocated: 606 });
    files['net/softnet_stat'] = SOFTNET.replace('0a', '0b');
    assert.deepEqual(stir.read(), { packets: 267, allocated: 606 });
    stir.close();
  });

  it('throws for what it does not understand', () => {
    const of = (softnet: string, sockstat: string) => () =>
      new HostStir(fakeHost({ 'net/softnet_stat': softnet, 'net/sockstat': sockstat })).read();
    assert.throws(of('x\n', SOCKSTAT), /Cannot parse net\/softnet_stat: "x\?" has no number/);
    assert.throws(of('-0000001 0\n', SOCKSTAT), /Cannot parse net\/softnet_stat/);
    for (const text of ['TCP: inuse 4\n', 'TCP: inuse 4 alloc x\n', 'TCP: inuse 4 alloc -1\n']) {
      assert.throws(of(SOFTNET, text), /Cannot parse net\/sockstat: it has no number behind "alloc"/);
    }
  });
});
