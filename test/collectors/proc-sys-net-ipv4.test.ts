import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Readings } from '../../agent/model/readings.ts';
import { parseRange, parseReserved, procSysNetIpv4 } from '../../collectors/proc-sys-net-ipv4.ts';
import { denied, fakeHost } from '../support/fake-host.ts';
import { emptyReadings } from '../support/readings.ts';

const FILES = {
  'sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  'sys/net/ipv4/ip_local_reserved_ports': '8080,9148,40000-40009\n',
  'sys/net/ipv4/tcp_tw_reuse': '2\n',
  'sys/net/ipv4/tcp_tw_reuse_delay': '1000\n',
  'sys/net/ipv4/tcp_timestamps': '1\n',
  'sys/net/ipv4/tcp_fin_timeout': '60\n',
  'sys/net/ipv4/tcp_max_tw_buckets': '131072\n',
};

function collect(files: Record<string, string | Error>): Readings {
  const readings = emptyReadings();
  procSysNetIpv4().collect(readings, fakeHost(files));
  return readings;
}

const without = (name: string) =>
  Object.fromEntries(Object.entries(FILES).filter(([path]) => !path.endsWith(`/${name}`)));

describe('procSysNetIpv4', () => {
  it('reads what the kernel says', () => {
    const { ports, gaps } = collect(FILES);
    assert.deepEqual(gaps, []);
    const { reserved, ...rest } = ports!;
    assert.deepEqual(rest, {
      range: { low: 32768, high: 60999 },
      twReuse: 'loopback',
      twReuseDelayMs: 1000,
      timestamps: true,
      finTimeoutMs: 60_000,
      maxTwBuckets: 131072,
    });
    assert.equal(
      reserved?.reduce((sum, flag) => sum + flag, 0),
      12,
    );
  });

  for (const [name, field] of [
    ['ip_local_reserved_ports', 'reserved'],
    ['tcp_tw_reuse', 'twReuse'],
    ['tcp_timestamps', 'timestamps'],
  ] as const) {
    it(`says that ${name} is missing, and assumes nothing`, () => {
      const { ports, gaps } = collect(without(name));
      assert.equal(ports?.[field], null);
      assert.deepEqual(
        gaps.map(({ what, why }) => [what, why]),
        [[name, `sys/net/ipv4/${name} does not exist`]],
      );
    });
  }

  it('takes it in its stride that an older kernel has no tcp_tw_reuse_delay', () => {
    const { ports, gaps } = collect(without('tcp_tw_reuse_delay'));
    assert.equal(ports?.twReuseDelayMs, null);
    assert.deepEqual(gaps, []);
  });

  it('does not pass off a file it may not read, or nonsense in it, as absence', () => {
    const path = 'sys/net/ipv4/tcp_tw_reuse_delay';
    for (const [content, why] of [
      [denied(path), /EACCES.*tcp_tw_reuse_delay/],
      ['soon\n', /^Cannot parse sys\/net\/ipv4\/tcp_tw_reuse_delay: "soon" is not a whole number/],
    ] as const) {
      const { ports, gaps } = collect({ ...FILES, [path]: content });
      assert.equal(ports?.twReuseDelayMs, null);
      assert.match(gaps[0]?.why ?? '', why);
    }
  });

  it('has nothing to say without the range', () => {
    assert.throws(() => collect(without('ip_local_port_range')), /ENOENT/);
  });
});

describe('parseRange', () => {
  for (const [text, low, high] of [
    ['32768\t60999\n', 32768, 60999],
    ['1\t1\n', 1, 1],
    ['1024 65535', 1024, 65535],
  ] as const) {
    it(JSON.stringify(text), () => assert.deepEqual(parseRange(text), { low, high }));
  }
  for (const text of [
    '',
    '\n',
    '32768',
    '60999\t32768\n',
    '0\t10\n',
    '1\t65536\n',
    '1\t2\t3\n',
    'a\tb\n',
    '-1\t5\n',
    '1\u0000 2',
  ]) {
    it(`refuses ${JSON.stringify(text)}, naming the file and the text`, () => {
      assert.throws(
        () => parseRange(text),
        /^Error: Cannot parse sys\/net\/ipv4\/ip_local_port_range: ".*" is not two ports/,
      );
    });
  }
});

describe('parseReserved', () => {
  const ports = (text: string) =>
    [...parseReserved(text).entries()].filter(([, flag]) => flag === 1).map(([port]) => port);
  for (const [text, expected] of [
    ['\n', []],
    ['8080\n', [8080]],
    ['1-3,5,65535\n', [1, 2, 3, 5, 65535]],
    ['0\n', [0]],
  ] as const) {
    it(JSON.stringify(text), () => assert.deepEqual(ports(text), expected));
  }
  for (const text of ['x', '1,', '3-1', '65536', '1-65536', '1-2-3', '1 2']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseReserved(text), /ip_local_reserved_ports: /));
  }
});
