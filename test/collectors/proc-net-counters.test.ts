import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Readings } from '../../agent/model/readings.ts';
import { procNetCounters } from '../../collectors/proc-net-counters.ts';
import { denied, fakeHost } from '../support/fake-host.ts';
import { emptyReadings } from '../support/readings.ts';

const FILES: Record<string, string | Error> = {
  'net/snmp':
    'Ip: Forwarding DefaultTTL\nIp: 1 64\n' +
    'Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab OutRsts\nTcp: 1 -1 62 2 3 4 0 104\n',
  'net/netstat':
    'TcpExt: TW TWRecycled TWKilled ListenOverflows TCPAbortOnData TCPAbortOnClose TCPTimeWaitOverflow\n' +
    'TcpExt: 10 1 0 5 52 6 7\nIpExt: InNoRoutes\nIpExt: 0\n',
  'net/sockstat': 'sockets: used 7\nTCP: inuse 4 orphan 1 tw 9 alloc 6 mem 121\nUDP: inuse 0 mem 0\n',
  'net/sockstat6': 'TCP6: inuse 2\nUDP6: inuse 0\n',
  'sys/net/netfilter/nf_conntrack_count': '17\n',
  'sys/net/netfilter/nf_conntrack_max': '262144\n',
};

function collect(files: Record<string, string | Error>): Readings {
  const readings = emptyReadings();
  procNetCounters().collect(readings, fakeHost(files));
  return readings;
}

const without = (path: string) => Object.fromEntries(Object.entries(FILES).filter(([name]) => name !== path));

describe('procNetCounters', () => {
  it('reads all counters, each from its file', () => {
    const { counters, gaps } = collect(FILES);
    assert.deepEqual(gaps, []);
    assert.deepEqual(counters, {
      activeOpens: 62,
      passiveOpens: 2,
      attemptFails: 3,
      estabResets: 4,
      outRsts: 104,
      timeWaits: 10,
      timeWaitsRecycled: 1,
      timeWaitsKilled: 0,
      timeWaitOverflows: 7,
      abortsOnClose: 6,
      abortsOnData: 52,
      listenOverflows: 5,
      socketsInUse: 4,
      socketsInUse6: 2,
      socketsOrphaned: 1,
      socketsTimeWait: 9,
      socketsAllocated: 6,
      conntrackEntries: 17,
      conntrackMax: 262144,
    });
  });

  it('leaves out what the host does not have, without a word', () => {
    const { counters, gaps } = collect(without('sys/net/netfilter/nf_conntrack_count'));
    assert.equal('conntrackEntries' in counters, false);
    assert.deepEqual(gaps, []);
  });

  it('says which file it could not read or understand, and keeps the others', () => {
    for (const [path, content, why] of [
      ['net/snmp', denied('net/snmp'), /EACCES/],
      ['net/snmp', 'Tcp: A B\nTcp: 1\n', /^Cannot parse net\/snmp:2: "Tcp: 1" does not match/],
      ['net/netstat', 'TcpExt: TW\nTcpExt: x\n', /^Cannot parse net\/netstat:2: "x" is not a number/],
      ['net/sockstat6', 'TCP6: inuse\n', /^Cannot parse net\/sockstat6:1: "" is not a number/],
      ['sys/net/netfilter/nf_conntrack_max', 'many', /nf_conntrack_max:1: "many" is not a number/],
    ] as const) {
      const { counters, gaps } = collect({ ...FILES, [path]: content });
      assert.match(gaps[0]?.why ?? '', why);
      assert.ok(Object.keys(counters).length >= 5);
    }
  });
});
