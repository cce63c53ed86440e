import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { credentials, isBlind, look, type Sight } from '../../../agent/doctor/sight.ts';
import { denied, fakeHost } from '../../support/fake-host.ts';

const status = (uid: number, capabilities: string) =>
  `Uid:\t${uid}\t${uid}\t${uid}\t${uid}\nCapEff:\t${capabilities}\n`;

const FILES: Readonly<Record<string, string | Error>> = {
  'net/tcp': '  sl  local_address\n',
  'net/tcp6': '  sl  local_address\n',
  'sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  'sys/net/ipv4/ip_local_reserved_ports': '\n',
  'sys/net/ipv4/tcp_tw_reuse': '2\n',
  'sys/net/ipv4/tcp_tw_reuse_delay': '1000\n',
  'sys/net/ipv4/tcp_timestamps': '1\n',
  'sys/net/ipv4/tcp_fin_timeout': '60\n',
  'sys/net/ipv4/tcp_max_tw_buckets': '131072\n',
  'net/snmp': 'Ip: Forwarding\nIp: 1\n',
  'net/netstat': 'TcpExt: A\nTcpExt: 1\n',
  'net/sockstat': 'sockets: used 1\nTCP: inuse 1\n',
  'net/sockstat6': 'TCP6: inuse 1\nUDP6: inuse 1\n',
  'sys/net/netfilter/nf_conntrack_count': '12\n',
  'sys/net/netfilter/nf_conntrack_max': '262144\n',
  'self/status': status(0, '000001ffffffffff'),
};

const LINKS: Readonly<Record<string, string>> = {
  'self/ns/net': 'net:[4026531840]',
  '1/ns/net': 'net:[4026531840]',
  'self/ns/user': 'user:[4026531837]',
  'self/ns/pid': 'pid:[4026531836]',
};

/** The host above with some files and links changed; undefined: not there. */
function sights(
  files: Readonly<Record<string, string | Error | undefined>> = {},
  links: Readonly<Record<string, string | undefined>> = {},
): readonly Sight[] {
  const present = <Value>(all: Readonly<Record<string, Value | undefined>>) =>
    Object.fromEntries(Object.entries(all).filter((entry): entry is [string, Value] => entry[1] !== undefined));
  return look(fakeHost(present({ ...FILES, ...files }), present({ ...LINKS, ...links })));
}

const find = (all: readonly Sight[], what: string): Sight => {
  const sight = all.find((one) => one.what === what);
  assert.ok(sight, what);
  return sight;
};

describe('look', () => {
  it('sees everything that /proc shows on a whole host, as root', () => {
    const unseen = sights().filter(({ seen }) => seen !== 'yes');
    assert.deepEqual(
      unseen.map(({ what }) => what),
      [],
    );
  });

  it('shows short files, and says that long ones are readable', () => {
    const all = sights({ 'sys/net/ipv4/ip_local_reserved_ports': Array(99).fill('8080').join(',') });
    assert.equal(find(all, 'sys/net/ipv4/ip_local_port_range').found, '32768 60999');
    assert.equal(find(all, 'sys/net/ipv4/ip_local_reserved_ports').found, `${'8080,'.repeat(8).slice(0, 39)}…`);
    assert.equal(find(all, 'net/snmp').found, 'readable');
    assert.equal(find(sights(), 'sys/net/ipv4/ip_local_reserved_ports').found, 'none');
  });

  for (const [path, found] of [
    ['net/tcp6', 'IPv6 is off'],
    ['net/sockstat6', 'IPv6 is off'],
    ['sys/net/netfilter/nf_conntrack_max', 'no connection tracking here'],
    [
      'sys/net/ipv4/tcp_tw_reuse_delay',
      'kernels before 6.14 have none: a TIME_WAIT becomes reusable after about a second',
    ],
  ] as const) {
    it(`takes a missing ${path} for what it means`, () => {
      assert.deepEqual(find(sights({ [path]: undefined }), path), { what: path, seen: 'absent', found, costs: null });
    });
  }

  for (const path of Object.keys(FILES).filter((name) => name !== 'self/status')) {
    it(`says what it costs that ${path} is denied`, () => {
      const { seen, found, costs } = find(sights({ [path]: denied(path) }), path);
      assert.deepEqual([seen, found], ['no', `EACCES: permission denied, open '/proc/${path}'`]);
      assert.match(costs ?? '', /\S/);
    });
  }

  it('does not take an empty table for one without sockets', () => {
    assert.deepEqual(find(sights({ 'net/tcp': '' }), 'net/tcp').found, '/proc/net/tcp is empty');
  });

  for (const [links, found] of [
    [{}, "4026531840, the same as process 1's"],
    [{ '1/ns/net': 'net:[1]' }, "4026531840, not process 1's"],
    [{ '1/ns/net': undefined }, '4026531840'],
  ] as const) {
    it(`names the namespace where links are ${JSON.stringify(links)}`, () => {
      assert.equal(find(sights({}, links), 'network namespace').found, found);
    });
  }

  for (const [name, text, links, seen, found] of [
    ['root', status(0, '000001ffffffffff'), {}, 'yes', 'all'],
    ['two capabilities', status(990, '0000000000080004'), {}, 'yes', 'all'],
    [
      'one capability',
      status(990, '0000000000080000'),
      {},
      'partly',
      'only those of uid 990; CAP_DAC_READ_SEARCH would show all',
    ],
    [
      'a user',
      status(990, '0'),
      {},
      'partly',
      'only those of uid 990; CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH would show all',
    ],
    ['root without it', status(0, '2'), {}, 'partly', 'only those of uid 0; CAP_SYS_PTRACE would show all'],
    [
      'root of a container',
      status(0, '000001ffffffffff'),
      { 'self/ns/pid': 'pid:[4026532001]', 'self/ns/user': 'user:[4026532000]' },
      'partly',
      'only those in this user and pid namespace',
    ],
    [
      'a security module',
      status(0, '000001ffffffffff'),
      { '1/ns/net': undefined },
      'partly',
      'not those of process 1, in spite of CAP_SYS_PTRACE',
    ],
    ['no status', undefined, {}, 'no', "ENOENT: no such file or directory, open '/proc/self/status'"],
  ] as const) {
    it(`knows whose sockets are seen by ${name}`, () => {
      const sight = find(sights({ 'self/status': text }, links), "other processes' sockets");
      assert.deepEqual([sight.seen, sight.found], [seen, found]);
      assert.equal(sight.costs === null, seen === 'yes');
    });
  }

  it('survives a procfs without any file', () => {
    const all = look(fakeHost({}));
    assert.ok(all.every(({ seen }) => seen === 'no' || seen === 'absent'));
    assert.ok(isBlind(all));
  });
});

describe('isBlind', () => {
  for (const [path, blind] of [
    ['net/tcp', true],
    ['sys/net/ipv4/ip_local_port_range', true],
    ['net/tcp6', false],
    ['net/snmp', false],
  ] as const) {
    it(`${blind ? 'yes' : 'no'} without ${path}`, () => assert.equal(isBlind(sights({ [path]: denied(path) })), blind));
  }
});

describe('credentials', () => {
  it('gives the error where they cannot be read', () => {
    assert.match(String(credentials(fakeHost({}))), /ENOENT/);
    assert.match(String(credentials(fakeHost({ 'self/status': 'x' }))), /Cannot find "Uid:"/);
  });
});
