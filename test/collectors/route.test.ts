import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { type Resolver, type Route, routesTo } from '../../collectors/route.ts';

const answers = (...addresses: string[]): Resolver => ({ addressesOf: async () => addresses });

const fails = (code: string): Resolver => ({
  addressesOf: () => Promise.reject(Object.assign(new Error(`getaddrinfo ${code} x`), { code })),
});

describe('routesTo', () => {
  it('gives every address of a name once, folded, in the order of the resolver', async () => {
    const resolver = answers('127.0.0.2', '127.0.0.1', '::ffff:127.0.0.2', '127.0.0.2');
    const routes = await routesTo([{ host: 'db.example', port: 5432 }], { resolver });
    assert.deepEqual(
      routes.map(({ remote, remotePort, remoteName }) => [remote, remotePort, remoteName]),
      [
        ['127.0.0.2', 5432, 'db.example'],
        ['127.0.0.1', 5432, 'db.example'],
      ],
    );
  });

  it('does not resolve an address', async () => {
    for (const literal of ['127.0.0.1', '::ffff:7f00:1']) {
      const [route, ...others] = await routesTo([{ host: literal, port: 80 }], { resolver: fails('ENOTFOUND') });
      assert.deepEqual([route?.remote, route?.remoteName, others], ['127.0.0.1', null, []]);
    }
  });

  it('says why TCP has no route to a multicast address', async () => {
    for (const address of ['224.0.0.1', 'ff02::1']) {
      const [route] = await routesTo([{ host: address, port: 80 }]);
      assert.equal(route?.local, null);
      assert.match(
        route?.error?.message ?? '',
        /^Cannot route to (224\.0\.0\.1|\[ff02::1\]):80: TCP has no multicast$/,
      );
    }
  });

  for (const [name, resolver, why] of [
    ['ENOTFOUND', fails('ENOTFOUND'), 'the name has no address (ENOTFOUND)'],
    ['EAI_AGAIN', fails('EAI_AGAIN'), 'no name server answers (EAI_AGAIN)'],
    ['EMFILE', fails('EMFILE'), 'getaddrinfo EMFILE x'],
    ['no address', answers(), 'the name has no address'],
    ['no answer', { addressesOf: () => new Promise<never>(() => undefined) }, 'no answer within 1 ms'],
  ] as const) {
    it(`names the option, the name and the reason for ${name}`, async () => {
      await assert.rejects(
        routesTo([{ host: 'db.example', port: 5432 }], { resolver, deadlineMs: 1 }),
        (error: Error) => {
          assert.equal(
            error.message,
            `--to db.example:5432: cannot resolve "db.example": ${why}; give an address instead`,
          );
          return error.cause instanceof Error;
        },
      );
    });
  }
});

/** What a process in a namespace of its own, laid out by `setup`, says of `targets`. */
interface Answer {
  readonly routes: readonly (Omit<Route, 'error'> & { error: string | null })[];
  /** From where a TCP socket really connects: the local address of its SYN_SENT row, or the code of its error. */
  readonly truth: readonly string[];
  readonly datagramsSent: number;
}

function inNamespace(setup: string, targets: readonly string[]): Answer {
  const module = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
  const program = `
    import { connect } from 'node:net';
    import { readFileSync } from 'node:fs';
    import { routesTo } from ${module('collectors/route.js')};
    import { formatAddress, parseAddress } from ${module('agent/model/address.js')};
    const targets = ${JSON.stringify(targets)};
    const localOf = (hex) => {
      const words = hex.match(/.{8}/g).map((word) => Buffer.from(word, 'hex').readUInt32LE());
      if (words.length === 1) return formatAddress(words);
      const text = words.map((word) => word.toString(16).padStart(8, '0').replace(/.{4}/, '$&:')).join(':');
      return formatAddress(parseAddress(text));
    };
    const truthOf = (target) => new Promise((resolve) => {
      const socket = connect({ host: target, port: 80 });
      socket.once('error', ({ code }) => resolve(code));
      socket.once('connectionAttempt', () => setImmediate(() => {
        const rows = ['tcp', 'tcp6'].map((name) => readFileSync('/proc/self/net/' + name, 'latin1')).join('').split('\\n');
        const row = rows.map((line) => line.trim().split(/\\s+/)).find(([, , , state]) => state === '02');
        if (row === undefined) return; // refused at once
        resolve(localOf(row[1].split(':')[0]));
        socket.destroy();
      }));
    });
    const routes = await routesTo(targets.map((host) => ({ host, port: 80 })));
    const truth = [];
    for (const target of targets) truth.push(await truthOf(target));
    const counters = readFileSync('/proc/self/net/snmp', 'latin1').match(/^Udp: (\\d.*)$/m)[1].split(' ');
    const plain = routes.map(({ error, ...route }) => ({ ...route, error: error?.message ?? null }));
    console.log(JSON.stringify({ routes: plain, truth, datagramsSent: Number(counters[3]) }));`;
  const shell = `set -e\n${setup}\nexec "$0" --input-type=module -e "$1"`;
  const { stdout, stderr } = spawnSync('unshare', ['-rn', 'sh', '-c', shell, process.execPath, program], {
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Answer;
}

const VETH = `
  ip link add v0 type veth peer name v1
  ip link set v0 addrgenmode none
  ip address add 10.9.0.1/24 dev v0
  ip address add 10.9.0.3/24 dev v0
  ip address add 10.8.0.1/24 dev v1
  ip -6 address add 2001:db8:9::1/64 dev v0 nodad
  ip -6 address add fe80::9/64 dev v0 nodad
  ip link set v0 up
  ip link set v1 up
  ip route add 10.50.0.0/16 via 10.9.0.7 src 10.9.0.3
  ip route add blackhole 10.51.0.0/16
  ip route add unreachable 10.52.0.0/16
  ip route add prohibit 10.53.0.0/16
  ip -6 route add blackhole 2001:db8:51::/48`;

function missing(): string | false {
  if (spawnSync('ip', ['-V']).status !== 0) return 'needs iproute2';
  return spawnSync('unshare', ['-rn', 'true']).status === 0 ? false : 'needs root';
}

describe('routesTo in a network namespace', { skip: missing() }, () => {
  it('gives the local address that a TCP connection gets, and sends nothing', () => {
    const targets = {
      '10.9.0.2': '10.9.0.1',
      '10.8.0.9': '10.8.0.1',
      '10.50.0.1': '10.9.0.3',
      '::ffff:10.9.0.2': '10.9.0.1',
      '2001:db8:9::2': '2001:db8:9::1',
      'fe80::2%v0': 'fe80::9',
    };
    const { routes, truth, datagramsSent } = inNamespace(VETH, Object.keys(targets));
    assert.deepEqual(
      routes.map(({ local }) => local),
      Object.values(targets),
    );
    assert.deepEqual(truth, Object.values(targets));
    assert.deepEqual(routes.map(({ remote }) => remote).slice(-3), ['10.9.0.2', '2001:db8:9::2', 'fe80::2']);
    assert.equal(datagramsSent, 0);
  });

  it('says why where the kernel would not connect', () => {
    const targets = {
      '203.0.113.1': ['ENETUNREACH', 'Cannot route to 203.0.113.1:80: no route leads there (ENETUNREACH)'],
      '10.51.0.1': ['EINVAL', 'Cannot route to 10.51.0.1:80: a blackhole route swallows it (EINVAL)'],
      '2001:db8:51::1': ['EINVAL', 'Cannot route to [2001:db8:51::1]:80: a blackhole route swallows it (EINVAL)'],
      '10.52.0.1': [
        'EHOSTUNREACH',
        'Cannot route to 10.52.0.1:80: a route forbids it, or its next hop is unreachable (EHOSTUNREACH)',
      ],
      '10.53.0.1': ['EACCES', 'Cannot route to 10.53.0.1:80: a route or rule forbids it (EACCES)'],
    };
    const { routes, truth } = inNamespace(VETH, Object.keys(targets));
    assert.deepEqual(
      routes.map(({ local }) => local),
      Object.values(targets).map(() => null),
    );
    assert.deepEqual(
      routes.map(({ error }) => error),
      Object.values(targets).map(([, message]) => message),
    );
    assert.deepEqual(
      truth,
      Object.values(targets).map(([code]) => code),
    );
  });

  it('asks for the zone of a link-local address', () => {
    const { routes } = inNamespace(VETH, ['fe80::2', 'fe80::2%none']);
    const why = 'it needs the zone of an interface that exists, as in fe80::1%eth0 (EINVAL)';
    assert.deepEqual(
      routes.map(({ error }) => error),
      [`Cannot route to [fe80::2]:80: ${why}`, `Cannot route to [fe80::2%none]:80: ${why}`],
    );
  });

  it('takes 0.0.0.0 and :: for loopback, as TCP does', () => {
    const { routes, truth } = inNamespace('ip link set lo up', ['0.0.0.0', '::', '127.9.9.9']);
    assert.deepEqual(truth, ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED'], 'something was reached');
    assert.deepEqual(
      routes.map(({ remote, local }) => [remote, local]),
      [
        ['127.0.0.1', '127.0.0.1'],
        ['::1', '::1'],
        ['127.9.9.9', '127.0.0.1'],
      ],
    );
  });

  it('answers, without an address, where nothing is up', () => {
    const { routes } = inNamespace('', ['127.0.0.1', '::1']);
    assert.deepEqual(
      routes.map(({ local }) => local),
      [null, null],
    );
    for (const { error } of routes) assert.match(error ?? '', /^Cannot route to .*80: .+ \(E[A-Z]+\)$/);
  });
});
