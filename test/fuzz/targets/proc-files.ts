// Files of /proc, as a kernel that we do not know, a copied tree or another file in their place might have them.
import assert from 'node:assert/strict';
import type { Host } from '../../../agent/model/host.ts';
import { HostStir } from '../../../collectors/host-stir.ts';
import { procNetCounters } from '../../../collectors/proc-net-counters.ts';
import { procNetTcp } from '../../../collectors/proc-net-tcp.ts';
import { readPulse } from '../../../collectors/proc-ns-sockstat.ts';
import { procSysNetIpv4 } from '../../../collectors/proc-sys-net-ipv4.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { encodeTable } from '../../support/proc-net-tcp.ts';
import { emptyReadings } from '../../support/readings.ts';
import { Draw } from '../draw.ts';
import { isOneLine, isWithin, orRefuses } from '../holds.ts';
import type { Target } from '../target.ts';

const ROWS = encodeTable(
  [
    {
      local: [0x0a090001],
      localPort: 40000,
      remote: [0x0a090002],
      remotePort: 80,
      state: 'time_wait',
      timer: 3,
      timerLeft: 5433,
      uid: 0,
      inode: 0,
    },
    {
      local: [0x0a090001],
      localPort: 40001,
      remote: [0],
      remotePort: 0,
      state: 'listen',
      timer: 0,
      timerLeft: 0,
      uid: 1000,
      inode: 77,
    },
  ],
  4,
);
const ROWS6 = encodeTable(
  [
    {
      local: [0xfd090000, 0, 0, 1],
      localPort: 40002,
      remote: [0xfd090000, 0, 0, 2],
      remotePort: 443,
      state: 'established',
      timer: 0,
      timerLeft: 0,
      uid: 0,
      inode: 5,
    },
  ],
  6,
);

/** Reads at most so many bytes at a time. */
function cutHost(files: Readonly<Record<string, string>>, most: number): Host {
  const host = fakeHost(files);
  return {
    ...host,
    open(path) {
      const file = host.open(path);
      return { ...file, read: (buffer, offset, length) => file.read(buffer, offset, Math.min(most, length)) };
    },
  };
}

/** Which flaw of a line is told of several depends on how much of it was there; which line it was does not. */
const placeOf = (message: string): string => message.slice(0, message.lastIndexOf('"'));

/** All that the table came to; or what was wrong. */
function tableOf(files: Readonly<Record<string, string>>, most: number): unknown {
  const readings = emptyReadings();
  try {
    procNetTcp().collect(readings, cutHost(files, most));
  } catch (error) {
    orRefuses(
      () => {
        throw error;
      },
      Error,
      /^Cannot parse net\/tcp6?:\d+: "|^ENOENT/,
    );
    return placeOf((error as Error).message);
  }
  const { sockets, gaps } = readings;
  assert.ok(sockets !== null && sockets !== undefined);
  for (const { why } of gaps) isOneLine(why);
  const rows = sockets.rowCount;
  for (let row = 0; row < rows; row++) {
    isWithin(sockets.state[row]!, 1, 12, 'state');
    isWithin(sockets.timerLeft[row]!, 0, 0x7fffffff, 'timer');
  }
  return {
    rows,
    columns: [sockets.localPort, sockets.state, sockets.timer, sockets.timerLeft, sockets.uid, sockets.inode].map(
      (column) => [...column.subarray(0, rows)].join(),
    ),
    destinations: Array.from({ length: sockets.destinationCount }, (_, one) => sockets.signature(one)),
    unread: sockets.unreadRows,
    listeners: sockets.listenerCount,
    inbound: sockets.inboundCount,
    gaps: gaps.map(({ what, why }) => [what, placeOf(why)]),
  };
}

const COUNTER_FILES = [
  'net/snmp',
  'net/netstat',
  'net/sockstat',
  'net/sockstat6',
  'sys/net/netfilter/nf_conntrack_count',
];
const SYSCTLS = [
  'ip_local_port_range',
  'ip_local_reserved_ports',
  'tcp_tw_reuse',
  'tcp_tw_reuse_delay',
  'tcp_timestamps',
  'tcp_fin_timeout',
  'tcp_max_tw_buckets',
];

/** The pieces of an input that a byte 0 separates, as files. */
const filesOf = (input: Buffer, paths: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    input
      .toString('latin1')
      .split('\0')
      .slice(0, paths.length)
      .map((text, index) => [paths[index], text]),
  );

export const PROC_FILES: readonly Target[] = [
  {
    name: 'net-tcp',
    seeds: [`\0\u0007${ROWS}`, `\u0001\u0001${ROWS6}`, `\u0002\u0040${ROWS}\0${ROWS6}`],
    tokens: [
      '\n',
      ' ',
      ':',
      '0A090001:9C40 ',
      ' 06 00000000:00000000 03:00001539',
      '00000000 ',
      'FFFFFFFF',
      '::',
      '100 0 0 10 0',
    ],
    run(input) {
      const draw = new Draw(input);
      const which = draw.byte() % 3;
      const most = 1 + draw.byte() * 16;
      const [one = '', other = ''] = draw.rest().toString('latin1').split('\0');
      const files: Record<string, string> =
        which === 0
          ? { 'net/tcp': one }
          : which === 1
            ? { 'net/tcp': ROWS, 'net/tcp6': one }
            : { 'net/tcp': one, 'net/tcp6': other };
      // It is the same table however read() cuts it.
      assert.deepEqual(tableOf(files, most), tableOf(files, 1 << 20));
    },
  },
  {
    name: 'net-counters',
    seeds: [
      'Tcp: RtoMin ActiveOpens MaxConn\nTcp: 200 34 -1\n\0TcpExt: TW TWRecycled\nTcpExt: 5 0\n\0TCP: inuse 3 orphan 0 tw 12 alloc 5 mem 1\n\0TCP6: inuse 2\n\0' +
        '17\n',
    ],
    tokens: ['Tcp: ', 'TcpExt: ', '\n', ' ', '-1', 'TCP: inuse ', ' tw ', ' alloc ', ' orphan '],
    run(input) {
      const files = filesOf(input, COUNTER_FILES);
      const readings = emptyReadings();
      procNetCounters().collect(readings, fakeHost(files));
      for (const [name, value] of Object.entries(readings.counters))
        assert.ok(Number.isFinite(value), `${name} is ${value}`);
      for (const { why } of readings.gaps) isOneLine(why);
      const pulse = orRefuses(() => readPulse(fakeHost(files), 'net'), Error, /^Cannot parse net\/sockstat|^ENOENT/);
      for (const value of Object.values(pulse ?? {})) isWithin(value, 0, 2e10, 'a pulse');
      const stirred = { ...files, 'net/softnet_stat': files['net/snmp'] ?? '' };
      const stir = orRefuses(() => new HostStir(fakeHost(stirred)).read(), Error, /^Cannot parse net\/so|^ENOENT/);
      for (const value of Object.values(stir ?? {})) isWithin(value, 0, Number.MAX_SAFE_INTEGER, 'a stir');
    },
  },
  {
    name: 'port-settings',
    seeds: [
      '32768\t60999\n\x008080,9148,10000-10010\n\x002\n\x001000\n\x001\n\x0060\n\x00131072\n',
      '1024 65000\n\0\n\x000\n',
    ],
    tokens: ['\t', '\n', ',', '-', '\0', '65535', '1-65535'],
    run(input) {
      const readings = emptyReadings();
      const files = filesOf(
        input,
        SYSCTLS.map((name) => `sys/net/ipv4/${name}`),
      );
      const collect = () => procSysNetIpv4().collect(readings, fakeHost(files));
      orRefuses(collect, Error, /^Cannot parse sys\/net\/ipv4\/|^ENOENT/);
      for (const { why } of readings.gaps) isOneLine(why);
      const { ports } = readings;
      if (ports === null || ports === undefined) return;
      isWithin(ports.range.low, 1, ports.range.high, 'the lowest port');
      isWithin(ports.range.high, 1, 65535, 'the highest port');
      for (const ms of [ports.twReuseDelayMs, ports.finTimeoutMs, ports.maxTwBuckets])
        isWithin(ms ?? 0, 0, 2 ** 42, 'a setting');
    },
  },
];
