import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Asking, Correlator, NamespaceMemory } from '../../../agent/correlate/assess.ts';
import type { BindPoolReport, NamespaceReport } from '../../../agent/model/assessment.ts';
import type { PortSettings } from '../../../agent/model/port-settings.ts';
import { ANY_V4, ANY_V6 } from '../../../agent/model/socket-table.ts';
import type { TcpState } from '../../../agent/model/state.ts';
import type { Row } from '../../support/proc-net-tcp.ts';
import { readings, settings, tableOf } from '../../support/readings.ts';

const HERE = [0x0a090001] as const;
const OTHER = [0x0a09000b] as const;
const HERE6 = [0xfd090000, 0, 0, 1] as const;
const REMOTE = [0x0a090002] as const;
const REMOTE6 = [0xfd090000, 0, 0, 2] as const;
const KEY_OTHER = 0x0a09000b;
const LOW = 40_000;
/** What a timer is late at HZ=250, in ms, on average. */
const LATE = 1000;

interface Socket {
  readonly port: number;
  readonly local?: Row['local'];
  readonly remote?: Row['remote'];
  readonly remotePort?: number;
  readonly state?: TcpState;
  /** When its TIME_WAIT ends, in ms. */
  readonly end?: number;
}

const many = (count: number, of: (index: number) => Socket) => Array.from({ length: count }, (_, index) => of(index));
/** The second parity, then the first, as bind(port 0) takes them. */
const boundPort = (index: number, ports: number) => LOW + (index < ports / 2 ? 2 * index + 1 : 2 * index - ports);

/** A network namespace of which the kernel tells which ports bind() chose. */
class Namespace {
  readonly memory = new NamespaceMemory();
  readonly bound = new Set<number>();
  asked = 0;
  private readonly correlator = new Correlator();
  private readonly ports: PortSettings;

  constructor(usable = 1000, overrides: Partial<PortSettings> = {}) {
    this.ports = { ...settings(), range: { low: LOW, high: LOW + usable - 1 }, ...overrides };
  }

  look(
    at: number,
    sockets: readonly Socket[],
    {
      asks = true,
      answers = true,
      idle = [],
    }: { asks?: boolean; answers?: boolean; idle?: readonly (readonly [number, number])[] } = {},
  ): NamespaceReport {
    const rows = sockets.map((one) => rowOf(one, at));
    const isV6 = ({ local }: Row) => local.length > 1;
    const table = tableOf(
      rows.filter((row) => !isV6(row)),
      rows.filter(isV6),
    );
    for (const [port, local] of idle) table.addBound(port, local);
    const asking: Asking = {
      scope: 'deciding',
      ask: (ports, note) => {
        this.asked += ports.length;
        for (const port of answers ? ports : []) note(port, this.bound.has(port));
      },
    };
    const options = { now: at, at, asking: asks ? asking : null };
    return this.correlator.assess(readings(table, this.ports), this.memory, [], options);
  }
}

function rowOf({ port, local = HERE, remote, remotePort = 8080, state, end }: Socket, at: number): Row {
  const isV6 = local.length > 1;
  return {
    local,
    localPort: port,
    remote: remote ?? (isV6 ? REMOTE6 : REMOTE),
    remotePort,
    state: state ?? (end === undefined ? 'established' : 'time_wait'),
    timer: end === undefined ? 0 : 3,
    timerLeft: end === undefined ? 0 : Math.max(0, Math.round((end - at) / 10)),
    inode: end === undefined ? port : 0,
  };
}

function only({ bindPools }: NamespaceReport): BindPoolReport {
  assert.equal(bindPools.length, 1, JSON.stringify(bindPools));
  return bindPools[0] as BindPoolReport;
}

describe('bind pools: who has one', () => {
  it('nobody where nobody binds, and nothing is asked of the kernel', () => {
    const namespace = new Namespace();
    const firstParity = many(400, (index) => ({ port: LOW + 2 * index }));
    assert.deepEqual(namespace.look(0, firstParity).bindPools, []);
    assert.equal(namespace.asked, 0);
    assert.equal(namespace.memory.pools, null);
  });

  it('an address of whose ports the kernel says that bind() chose them', () => {
    const namespace = new Namespace();
    const sockets = many(60, (index) => ({ port: LOW + index }));
    for (const { port } of sockets) namespace.bound.add(port);
    assert.equal(only(namespace.look(0, sockets)).local, '10.9.0.1');
    assert.ok(namespace.asked <= 8, `${namespace.asked} ports were asked about`);
  });

  it('not one of which it says that connect() did, whatever their parity', () => {
    const namespace = new Namespace();
    const sockets = many(60, (index) => ({ port: LOW + 2 * index + 1 }));
    assert.deepEqual(namespace.look(0, sockets).bindPools, []);
    assert.deepEqual(namespace.look(1000, sockets, { asks: false }).bindPools, []);
    const { asked } = namespace;
    assert.deepEqual(namespace.look(9000, sockets).bindPools, []);
    assert.equal(namespace.asked, asked, 'it is not asked again at once');
    assert.deepEqual(namespace.look(10_000, sockets).bindPools, []);
    assert.ok(namespace.asked > asked);
  });

  it('one that uses the second parity only, where the kernel cannot be asked', () => {
    const second = many(20, (index) => ({ port: LOW + 2 * index + 1 }));
    assert.equal(only(new Namespace().look(0, second, { asks: false })).usedPorts, 20);
    const few = second.slice(0, 19);
    assert.deepEqual(new Namespace().look(0, few, { asks: false }).bindPools, []);
    const mixed = [...second, ...many(6, (index) => ({ port: LOW + 2 * index }))];
    assert.deepEqual(new Namespace().look(0, mixed, { asks: false }).bindPools, []);
  });

  it('the same where the kernel is asked and has no answer', () => {
    const second = many(20, (index) => ({ port: LOW + 2 * index + 1 }));
    const namespace = new Namespace(100);
    assert.equal(only(namespace.look(0, second, { answers: false })).usedPorts, 20);
    assert.ok(namespace.asked > 0);
  });

  it('a while longer than it binds, and then no more', () => {
    const namespace = new Namespace();
    const second = many(20, (index) => ({ port: LOW + 2 * index + 1 }));
    only(namespace.look(0, second, { asks: false }));
    assert.equal(only(namespace.look(60_000, [], { asks: false })).usedPorts, 0);
    assert.deepEqual(namespace.look(121_000, [], { asks: false }).bindPools, []);
    assert.equal(namespace.memory.pools, null);
  });

  it('neither address where bind() joined a port that connect() chose', () => {
    const namespace = new Namespace();
    const joined = many(5, (index) => ({ port: LOW + 2 * index }));
    const idle = joined.map(({ port }) => [port, KEY_OTHER] as const);
    assert.deepEqual(namespace.look(0, joined, { idle }).bindPools, []);
  });

  it('the fullest 14 of more, in the order of their addresses', () => {
    const namespace = new Namespace();
    const sockets = Array.from({ length: 16 }, (_, address) =>
      many(20 + address, (index) => ({
        port: LOW + 2 * index + 1,
        local: [0x0a090010 + address] as const,
        remotePort: 1,
      })),
    ).flat();
    const { bindPools } = namespace.look(0, sockets, { asks: false });
    assert.deepEqual(
      bindPools.map(({ usedPorts }) => usedPorts).sort((a, b) => a - b),
      many(14, (index) => ({ port: 22 + index })).map(({ port }) => port),
    );
  });
});

describe('bind pools: what is left', () => {
  const binders = many(20, (index) => ({ port: LOW + 2 * index + 1 }));
  const left = (more: readonly Socket[], idle: readonly (readonly [number, number])[] = [], usable = 100) => {
    const namespace = new Namespace(usable);
    for (const { port } of binders) namespace.bound.add(port);
    const { bindPools } = namespace.look(0, [...binders, ...more], { idle });
    const { headroomPorts, anyHeadroomPorts, headroomPortsLow } = bindPools[0] as BindPoolReport;
    return [headroomPorts, anyHeadroomPorts, headroomPortsLow];
  };
  const first = (index: number) => LOW + 2 * index;

  it('usable ports less those that anything has at the address', () => {
    assert.deepEqual(left([]), [80, 80, 80]);
    assert.deepEqual(
      left([
        { port: first(0), end: 30_000 },
        { port: first(1), state: 'close_wait' },
      ]),
      [78, 78, 78],
    );
    assert.deepEqual(left([{ port: first(0) }, { port: first(0), remotePort: 81 }]), [79, 79, 79]);
  });

  it('for a bind to any address, less those at other addresses too', () => {
    assert.deepEqual(left(many(10, (index) => ({ port: first(index), local: OTHER }))), [80, 70, 70]);
    // No IPv6 address is in the way of 0.0.0.0, but it is in the way of ::, and nothing tells which it is.
    assert.deepEqual(left(many(10, (index) => ({ port: first(index), local: HERE6 }))), [80, 80, 80]);
  });

  it('less listeners, and what is bound and no more, at the address or at any', () => {
    assert.deepEqual(left([{ port: first(0), remote: [0], remotePort: 0, state: 'listen' }]), [79, 79, 79]);
    assert.deepEqual(
      left([{ port: first(0), local: OTHER, remote: [0], remotePort: 0, state: 'listen' }]),
      [80, 79, 79],
    );
    assert.deepEqual(left([], [[first(0), ANY_V4]]), [79, 79, 79]);
    assert.deepEqual(left([], [[first(0), ANY_V6]]), [79, 79, 79]);
    assert.deepEqual(left([], [[first(0), KEY_OTHER]]), [80, 79, 79]);
  });

  it('of an odd-sized range perhaps one less', () => {
    assert.deepEqual(left([], [], 101), [81, 81, 80]);
  });

  it('surely none while it is not known what is bound and not listed', () => {
    const memory = new NamespaceMemory();
    const table = tableOf(binders.map((one) => rowOf(one, 0)));
    const unknown = readings(table, settings(), { unlistedSockets: null });
    const pool = only(new Correlator().assess(unknown, memory, [], { now: 0 }));
    assert.deepEqual([pool.headroomPorts, pool.headroomPortsLow], [80, 0]);
  });

  it('to go by what is left for a bind to any address, until ports are shared that only a bind here gets', () => {
    const elsewhere = many(20, (index) => ({ port: LOW + 2 * (index + 18) + 1, local: OTHER }));
    const namespace = new Namespace(100);
    const { bindPools } = namespace.look(0, [...binders, ...elsewhere], { asks: false });
    assert.deepEqual(
      bindPools.map(({ bindsTo }) => bindsTo),
      ['local', 'local'],
    );
    const apart = many(20, (index) => ({ port: LOW + 2 * (index + 20) + 1, local: OTHER }));
    const others = new Namespace(100).look(0, [...binders, ...apart], { asks: false }).bindPools;
    assert.deepEqual(
      others.map(({ bindsTo }) => bindsTo),
      ['unknown', 'unknown'],
    );
  });
});

/** Looks after bind() has failed. */
const AFTER = 5;

/** Binds at a steady rate and closes at once, from 0 on, and looks once a second until `until` or shortly after it fails. */
function binding(perSecond: number, ports: number, untilSeconds: number) {
  const namespace = new Namespace(ports);
  const alive: { port: number; end: number }[] = [];
  const seen: { at: number; pool: BindPoolReport | undefined }[] = [];
  let failedAt: number | null = null;
  let made = 0;
  let after = 0;
  for (let at = 1000; at <= untilSeconds * 1000 && after < AFTER; at += 1000) {
    if (failedAt !== null) after++;
    for (; failedAt === null && made < (at / 1000) * perSecond; made++) {
      const closed = (made / perSecond) * 1000;
      while (alive.length > 0 && alive[0]!.end + LATE <= closed) alive.shift();
      const taken = new Set(alive.map(({ port }) => port));
      const port = Array.from({ length: ports }, (_, index) => boundPort(index, ports)).find((one) => !taken.has(one));
      if (port === undefined) {
        failedAt = closed;
        break;
      }
      namespace.bound.add(port);
      alive.push({ port, end: closed + 60_000 });
    }
    while (alive.length > 0 && alive[0]!.end + LATE <= at) alive.shift();
    seen.push({ at, pool: namespace.look(at, alive).bindPools[0] });
  }
  return { seen, failedAt };
}

describe('bind pools: what is to come', () => {
  it('foretells the first bind() that fails, within 10 % at half-way', () => {
    const { seen, failedAt } = binding(30, 1000, 60);
    assert.ok(failedAt !== null);
    const half = seen.find(({ at }) => at >= failedAt / 2);
    const { exhaustedInSeconds = null, kind } = half?.pool?.forecast ?? {};
    assert.equal(kind, 'draining');
    const foretold = (half?.at ?? 0) / 1000 + (exhaustedInSeconds ?? 0);
    assert.ok(Math.abs(foretold - failedAt / 1000) < (failedAt / 1000) * 0.1, `${foretold} s, not ${failedAt / 1000}`);
  });

  it('warns before it, and goes on warning', () => {
    const { seen, failedAt } = binding(30, 1000, 60);
    const first = seen.find(({ pool }) => pool?.verdict === 'warning');
    assert.ok(first !== undefined && first.at < (failedAt ?? 0) / 2, `at ${first?.at}, and it fails at ${failedAt}`);
    for (const { at, pool } of seen) if (at > first.at) assert.equal(pool?.verdict, 'warning', `at ${at}`);
    const last = seen.at(-1)?.pool;
    assert.equal(last?.headroomPorts, 0);
    assert.ok((last?.forecast.opensPerSecondLow ?? 0) > 20, 'the demand from before is what is wanted');
  });

  it('does not warn of what settles below the limit', () => {
    // 13 a second and a TIME_WAIT of 61 s: 793 of 1,000.
    const { seen, failedAt } = binding(12, 1000, 150);
    assert.equal(failedAt, null);
    for (const { at, pool } of seen) assert.notEqual(pool?.verdict, 'warning', `at ${at}: ${JSON.stringify(pool)}`);
    const settles = seen.at(-1)?.pool?.forecast.settlesAtPorts ?? 0;
    assert.ok(Math.abs(settles - 12 * 61) < 60, `settles at ${settles}`);
  });

  it('says nothing of who has bound all that he needs', () => {
    const namespace = new Namespace(100);
    const sockets = many(90, (index) => ({ port: boundPort(index, 100) }));
    for (const { port } of sockets) namespace.bound.add(port);
    let pool: BindPoolReport | undefined;
    for (let at = 1000; at < 40_000; at += 1000) [pool] = namespace.look(at, sockets).bindPools;
    assert.equal(pool?.opensPerSecond, 0);
    assert.equal(pool?.verdict, 'watch');
  });

  it('warns when nothing is left, though nobody can bind any more', () => {
    const namespace = new Namespace(100);
    const sockets = many(100, (index) => ({ port: boundPort(index, 100) }));
    for (const { port } of sockets) namespace.bound.add(port);
    let pool: BindPoolReport | undefined;
    for (let at = 1000; at < 40_000; at += 1000) [pool] = namespace.look(at, sockets).bindPools;
    assert.equal(pool?.headroomPorts, 0);
    assert.equal(pool?.verdict, 'warning');
    assert.equal(pool?.forecast.exhaustedInSeconds, 0);
  });

  it('rests no alert on what connect() takes, which stays in the first parity', () => {
    const namespace = new Namespace(1000);
    const bound = many(20, (index) => ({ port: LOW + 2 * index + 1 }));
    for (const { port } of bound) namespace.bound.add(port);
    let pool: BindPoolReport | undefined;
    for (let second = 1; second <= 10; second++) {
      const chosen = many(second * 40, (index) => ({ port: LOW + 2 * index, end: 61_000 + index * 25 }));
      pool = only(namespace.look(second * 1000, [...bound, ...chosen]));
      assert.equal(pool.forecast.exhaustedInSecondsAtLow, null, `after ${second} s`);
      assert.notEqual(pool.verdict, 'warning');
    }
    assert.notEqual(pool?.forecast.exhaustedInSeconds, null, 'though it takes them');
  });

  it('takes a TIME_WAIT that connect() takes over for no new port', () => {
    const namespace = new Namespace(1000, { twReuse: 'on', twReuseDelayMs: 1 });
    const bound = many(20, (index) => ({ port: LOW + 2 * index + 1 }));
    for (const { port } of bound) namespace.bound.add(port);
    let pool: BindPoolReport | undefined;
    for (let second = 1; second <= 10; second++) {
      // The same hundred ports again and again, closed half a second ago each time.
      const reused = many(100, (index) => ({ port: LOW + 2 * index, end: second * 1000 + 59_500 }));
      pool = only(namespace.look(second * 1000, [...bound, ...reused]));
    }
    assert.equal(pool?.forecast.exhaustedInSeconds, null);
    assert.equal(pool?.usedPorts, 120);
  });
});
