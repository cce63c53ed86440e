import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Correlator, NamespaceMemory } from '../../../agent/correlate/assess.ts';
import type { DestinationReport, Rates } from '../../../agent/model/assessment.ts';
import type { PortSettings } from '../../../agent/model/port-settings.ts';
import type { SocketOwners } from '../../../agent/model/program.ts';
import type { Counters } from '../../../agent/model/readings.ts';
import type { TcpState } from '../../../agent/model/state.ts';
import type { Row } from '../../support/proc-net-tcp.ts';
import { readings, settings, tableOf } from '../../support/readings.ts';

const LOCAL = [0x0a090001] as const;
const REMOTE = [0x0a090002] as const;
const PORTS: PortSettings = { ...settings(), range: { low: 40000, high: 49999 }, twReuse: 'off' };
const MINUTE = 60_000;

interface Connection {
  readonly port: number;
  readonly inode: number;
  readonly state: TcpState;
  /** When a TIME_WAIT ends, in ms. */
  readonly end?: number;
}

const row = ({ port, inode, state, end }: Connection, now: number): Row => ({
  local: LOCAL,
  localPort: port,
  remote: REMOTE,
  remotePort: 8080,
  state,
  timer: state === 'time_wait' ? 3 : 0,
  timerLeft: end === undefined ? 0 : Math.max(0, Math.round((end - now) / 10)),
  inode,
});

class Namespace {
  readonly memory = new NamespaceMemory();
  private readonly correlator = new Correlator();
  private readonly owners: SocketOwners | null;

  constructor(owners: SocketOwners | null = null) {
    this.owners = owners;
  }

  look(at: number, connections: readonly Connection[], counters: Counters = {}, ports = PORTS): DestinationReport {
    const table = tableOf(connections.map((one) => row(one, at)));
    const options = { now: 0, at, owners: this.owners };
    const report = this.correlator.assess(readings(table, ports, { counters }), this.memory, [], options);
    const [destination] = report.destinations;
    assert.ok(destination);
    return destination;
  }
}

const open = (port: number, inode = port): Connection => ({ port, inode, state: 'established' });
const waiting = (port: number, end: number): Connection => ({ port, inode: 0, state: 'time_wait', end });
const many = (count: number, of: (index: number) => Connection) =>
  Array.from({ length: count }, (_, index) => of(index));

describe('rates from one look', () => {
  it('dates the closes of this side by the ages of TIME_WAIT, over as long as it takes to tell', () => {
    // 1,000 a second for 20 s, and 10 a second.
    const fast = many(9000, (index) => waiting(40_000 + index, MINUTE - Math.floor(index / 10) * 10));
    assert.deepEqual(new Namespace().look(0, fast).closesPerSecond, { local: 1000, remote: null });
    assert.equal(new Namespace().look(0, fast).opensPerSecond, 1000);
    const slow = many(500, (index) => waiting(40_000 + index, MINUTE - index * 100));
    assert.equal(new Namespace().look(0, slow).closesPerSecond.local, 10);
  });

  it('does not say how many are opened where the peer closes, or where too little has closed', () => {
    assert.equal(
      new Namespace().look(
        0,
        many(50, (index) => open(40_000 + index)),
      ).opensPerSecond,
      null,
    );
    const both = many(50, (index) => waiting(40_000 + index, MINUTE - index * 10));
    assert.equal(
      new Namespace().look(0, [...both, { port: 41_000, inode: 7, state: 'close_wait' }]).opensPerSecond,
      null,
    );
  });

  it('counts no TIME_WAIT that tcp_tw_reuse may have taken over', () => {
    const old = many(500, (index) => waiting(40_000 + index, MINUTE - 3000 - index * 10));
    const ports = { ...PORTS, twReuse: 'on' as const, twReuseDelayMs: 1000 };
    assert.equal(new Namespace().look(0, old, {}, ports).closesPerSecond.local, 0);
    assert.equal(new Namespace().look(0, old, {}, { ...ports, twReuseDelayMs: 500 }).closesPerSecond.local, null);
  });
});

describe('rates from look to look', () => {
  it('knows a connection again: by its inode, and its TIME_WAIT by its end', () => {
    const namespace = new Namespace();
    namespace.look(0, [open(40_000, 1), open(40_001, 2), waiting(40_002, 30_000)]);
    const rates = namespace.look(1000, [
      open(40_000, 9),
      waiting(40_001, MINUTE + 500),
      waiting(40_002, 30_000),
      waiting(40_003, MINUTE + 700),
    ]);
    // Port 40000 is another's: the peer closed the first. The second closed here, and the fourth came and went.
    assert.deepEqual([rates.opensTotal, rates.closesTotal], [2, { local: 2, remote: 1 }]);
  });

  it('knows it by an inode above 2³¹ too, to which the kernel counts in some days', () => {
    const high = 0x9000_0000;
    const totals = (before: readonly Connection[], after: readonly Connection[]) => {
      const namespace = new Namespace();
      namespace.look(0, before);
      const { opensTotal, closesTotal } = namespace.look(1000, after);
      return [opensTotal, closesTotal];
    };
    assert.deepEqual(totals([open(40_000, high)], [open(40_000, high)]), [0, { local: 0, remote: 0 }]);
    assert.deepEqual(totals([open(40_000, high)], [open(40_000, high + 9)]), [1, { local: 0, remote: 1 }]);
    assert.deepEqual(totals([open(40_000, high)], [waiting(40_000, MINUTE + 500)]), [0, { local: 1, remote: 0 }]);
  });

  it('does not take a new TIME_WAIT of the same port for the old one', () => {
    const namespace = new Namespace();
    namespace.look(0, [waiting(40_000, 1000), open(40_001)]);
    const rates = namespace.look(2000, [waiting(40_000, MINUTE + 1500), open(40_001)]);
    assert.deepEqual([rates.opensTotal, rates.closesTotal], [1, { local: 1, remote: 0 }]);
  });

  it('says null, and not too little, where connections may have come and gone unseen', () => {
    const peerCloses = (activeOpens: number) => {
      const namespace = new Namespace();
      namespace.look(
        0,
        many(100, (index) => open(40_000 + index)),
        { activeOpens: 1000 },
      );
      return namespace.look(
        1000,
        many(100, (index) => open(41_000 + index)),
        { activeOpens },
      );
    };
    assert.equal(peerCloses(1105).opensPerSecond, 100);
    assert.deepEqual(peerCloses(1105).closesPerSecond, { local: 0, remote: 100 });
    assert.equal(peerCloses(1500).opensPerSecond, null);
    assert.deepEqual(peerCloses(1500).closesPerSecond, { local: 0, remote: null });
    // Where this side closes all, they were another destination's.
    const namespace = new Namespace();
    namespace.look(0, [open(40_000)], { activeOpens: 1000 });
    const closes = many(100, (index) => waiting(41_000 + index, MINUTE + 500));
    assert.equal(namespace.look(1000, [open(40_000), ...closes], { activeOpens: 1500 }).opensPerSecond, 100);
  });

  for (const [what, gap, counters] of [
    ['after a gap that a TIME_WAIT may not outlast', 56_000, {}],
    ['when TIME_WAIT had no room', 1000, { timeWaitOverflows: 1 }],
  ] as const) {
    it(`starts anew ${what}`, () => {
      const namespace = new Namespace();
      namespace.look(0, [open(40_000)], { timeWaitOverflows: 0 });
      assert.equal(namespace.look(gap, [open(40_001)], counters).opensTotal, null);
    });
  }

  it('counts what came and went while ticks were missed', () => {
    const namespace = new Namespace();
    namespace.look(0, [open(40_000)]);
    const closed = many(500, (index) => waiting(41_000 + index, MINUTE + index * 80));
    const rates = namespace.look(41_000, [open(40_000), ...closed]);
    assert.deepEqual([rates.opensTotal, rates.closesTotal], [500, { local: 500, remote: 0 }]);
  });

  it('counts every connection that a look has seen once, whatever becomes of it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            ms: fc.integer({ min: 100, max: 9000 }),
            opened: fc.integer({ min: 0, max: 60 }),
            fate: fc.array(fc.constantFrom('stays', 'closed here', 'closed there', 'half closed'), {
              minLength: 1,
              maxLength: 9,
            }),
          }),
          { minLength: 2, maxLength: 30 },
        ),
        (looks) => {
          const namespace = new Namespace();
          // It is there all the time, so that there always is a destination.
          let connections: Connection[] = [open(49_999, 1)];
          namespace.look(0, connections);
          const truth = { opens: 0, local: 0, remote: 0 };
          let [now, inode, port] = [0, 2, 40_000];
          let rates: Rates | undefined;
          for (const { ms, opened, fate } of looks) {
            now += ms;
            // Kept a minute, and not seen at the end of it.
            const kept = connections.filter(({ end }) => end === undefined || end > now);
            const living = kept.filter(({ state }) => state === 'established' || state === 'close_wait');
            for (let index = 0; index < opened; index++) {
              living.push(open(port, inode++));
              port = port === 49_998 ? 40_000 : port + 1;
            }
            truth.opens += opened;
            connections = [...kept.filter(({ end }) => end !== undefined)];
            for (const [index, one] of living.entries()) {
              const becomes = one.port === 49_999 ? 'stays' : fate[index % fate.length];
              const isNew = index >= living.length - opened;
              if (becomes === 'closed here' && one.state === 'established') {
                truth.local++;
                connections.push(waiting(one.port, now + MINUTE - (index % ms)));
              } else if (becomes === 'closed there' && !isNew) truth.remote++;
              else if (becomes === 'half closed') connections.push({ ...one, state: 'close_wait' });
              else connections.push(one);
            }
            rates = namespace.look(now, connections);
          }
          assert.deepEqual(
            { opens: rates?.opensTotal, ...rates?.closesTotal },
            { opens: truth.opens, local: truth.local, remote: truth.remote },
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('connections from ports outside the range', () => {
  it('are counted, and take none of it', () => {
    const namespace = new Namespace();
    const narrow: PortSettings = { ...PORTS, range: { low: 40000, high: 40999 } };
    // 100 a second: in the range that would be its end within ten seconds.
    let seen: DestinationReport | undefined;
    for (let second = 0; second < 20; second++) {
      const far = many(second * 100, (index) => waiting(20_000 + index, MINUTE + index * 10));
      const near = many(10, (index) => open(40_000 + index));
      seen = namespace.look(second * 1000, [...far, ...near], {}, narrow);
    }
    assert.ok(Math.abs((seen?.opensPerSecond ?? 0) - 100) < 2);
    assert.equal(seen?.usedPorts, 10);
    assert.equal(seen?.forecast.kind, 'steady');
    assert.equal(seen?.verdict, 'healthy');
  });
});

describe('owners from look to look', () => {
  const program = (pid: number) => ({ pid, comm: `p${pid}`, command: `p${pid}`, user: null, commandLine: null });
  /** The programs of sockets, by inode. */
  const watched = (holders: Readonly<Record<number, number>>) =>
    new Namespace({
      holderOf: (inode) => holders[inode] ?? 0,
      program: (index) => ({ ...program(index), unit: null, container: null }),
      seesAll: false,
    });
  const told = ({ owners, unownedPorts }: DestinationReport) => [
    ...(owners ?? []).map(({ pid, how, usedPorts }) => `${pid} ${how} ${usedPorts}`),
    unownedPorts,
  ];
  const [FIRST, SECOND] = [7, 0xf000_0008];

  it('are those of the sockets while they live, and remembered when they have gone', () => {
    const namespace = watched({ [FIRST]: 10, [SECOND]: 11 });
    assert.deepEqual(told(namespace.look(0, [open(40_000, FIRST), open(40_001, SECOND)])), [
      '10 seen 1',
      '11 seen 1',
      0,
    ]);
    const waits = [waiting(40_000, MINUTE + 500), waiting(40_001, MINUTE + 600)];
    const remembered = ['10 remembered 1', '11 remembered 1', 0];
    assert.deepEqual(told(namespace.look(1000, waits)), remembered);
    assert.deepEqual(told(namespace.look(2000, waits)), remembered);
    // The same port's next connection was opened and closed by nobody knows whom.
    assert.deepEqual(told(namespace.look(3000, [waiting(40_000, MINUTE + 2500)])), [1]);
  });

  it('are remembered too if they were found out after the look, and only of the sockets that it saw', () => {
    const namespace = watched({});
    assert.deepEqual(told(namespace.look(0, [open(40_000, FIRST), open(40_001, SECOND), open(40_002, 9)])), [3]);
    namespace.memory.churn.remember(
      new Map([
        [FIRST, 10],
        [SECOND, 11],
      ]),
    );
    const waits = [40_000, 40_001, 40_002, 40_003].map((port) => waiting(port, MINUTE + 500));
    assert.deepEqual(told(namespace.look(1000, waits)), ['10 remembered 1', '11 remembered 1', 2]);
  });
});
