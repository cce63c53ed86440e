import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AskedDestination } from '../../../agent/correlate/asked.ts';
import { Correlator, NamespaceMemory, REPORTED_DESTINATIONS } from '../../../agent/correlate/assess.ts';
import type { TcpState } from '../../../agent/model/state.ts';
import * as arbitrary from '../../support/arbitraries.ts';
import type { Row } from '../../support/proc-net-tcp.ts';
import { keyOf, namespaceOf, plainAnswer, readings, settings, tableOf } from '../../support/readings.ts';

const HERE = [0x0a090001] as const;
const A = [0x0a090002] as const;

function rows(from: number, count: number, state: TcpState, more: Partial<Row> = {}): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    local: HERE,
    localPort: from + index,
    remote: A,
    remotePort: 8080,
    state,
    ...more,
  }));
}

const ask = (local: string | null, remote: string, remotePort: number): AskedDestination => ({
  local,
  remote,
  remotePort,
  remoteName: null,
});

describe('Correlator', () => {
  it('agrees with the rules written plainly, on any table', () => {
    fc.assert(
      fc.property(
        fc.array(arbitrary.row(4), { maxLength: 60 }),
        fc.array(arbitrary.row(6), { maxLength: 60 }),
        arbitrary.ports,
        (v4, v6, ports) => {
          const report = namespaceOf(v4, { v6, ports });
          const expected = plainAnswer([...v4, ...v6], ports);
          assert.equal(report.destinationsInUse, expected.size);
          for (const one of report.destinations) {
            const plain = expected.get(keyOf(one));
            assert.deepEqual({ ...one, ...plain }, one);
            const free = one.headroomPorts - one.reusablePorts;
            assert.equal(one.usedPorts + one.blockedPorts + free, one.usablePorts);
            assert.ok(free >= 0 && one.headroomPorts <= one.usablePorts);
            assert.ok(one.headroomPortsLow >= 0 && one.headroomPortsLow <= one.headroomPorts);
            assert.ok(one.fastHeadroomPorts >= 0 && one.fastHeadroomPorts <= one.headroomPorts);
            assert.equal(
              Object.values(one.states).reduce((sum, count) => sum + count, 0),
              one.usedPorts,
            );
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of rows, nor on rows listed twice', () => {
    fc.assert(
      fc.property(
        fc
          .array(arbitrary.row(4), { maxLength: 40 })
          .chain((v4) => fc.tuple(fc.constant(v4), fc.shuffledSubarray([...v4, ...v4], { minLength: v4.length * 2 }))),
        arbitrary.ports,
        ([v4, shuffled], ports) => {
          const counted = ({ destinations }: ReturnType<typeof namespaceOf>) => destinations;
          assert.deepEqual(counted(namespaceOf(shuffled, { ports })), counted(namespaceOf(v4, { ports })));
        },
      ),
    );
  });

  it('reports a destination that nobody uses, from the address it would be routed from', () => {
    const [only, ...more] = namespaceOf(rows(40000, 30, 'established'), {
      asked: [ask('10.9.0.1', '10.9.0.3', 80)],
    }).destinations.filter(({ remote }) => remote === '10.9.0.3');
    assert.deepEqual(more, []);
    assert.equal(only?.headroomPorts, 100);
    assert.equal(only?.maybeBlockedPorts, 30);
    assert.equal(only?.headroomPortsLow, 70);
    assert.equal(only?.usedPorts, 0);
  });

  it('reports a destination that was asked for once, from every address that uses it', () => {
    const asked = [ask('10.9.0.1', '10.9.0.2', 8080), ask('10.9.0.9', '10.9.0.2', 8080)];
    const { destinations } = namespaceOf(rows(40000, 30, 'established'), { asked });
    assert.deepEqual(
      destinations.map(({ local, usedPorts }) => [local, usedPorts]),
      [
        ['10.9.0.1', 30],
        ['10.9.0.9', 0],
      ],
    );
  });

  it('keeps the worst destinations and sums up the rest', () => {
    const many = Array.from({ length: REPORTED_DESTINATIONS * 3 }, (_, index): Row[] =>
      rows(40000, index === 2500 ? 3 : 1 + (index % 2), 'established', { remotePort: 1 + index }),
    ).flat();
    const asked = [ask('10.9.0.1', '10.9.0.2', 1)];
    const report = namespaceOf(many, { asked });
    assert.equal(report.destinationsInUse, 3000);
    assert.equal(report.destinations.length, REPORTED_DESTINATIONS + 1);
    assert.equal(report.destinationsOmitted, 3000 - REPORTED_DESTINATIONS - 1);
    assert.equal(report.destinations[0]?.remotePort, 2501);
    assert.ok(
      report.destinations.some(({ remotePort }) => remotePort === 1),
      'the one asked for is there',
    );
    const shown = report.destinations.reduce((sum, { usedPorts }) => sum + usedPorts, 0);
    assert.equal(report.omittedUsedPorts, many.length - shown);
    assert.deepEqual(namespaceOf([...many].reverse(), { asked }).destinations, report.destinations);
  });

  it('is blind without sockets or without the range, and says nothing else', () => {
    for (const missing of [{ sockets: null }, { ports: null }]) {
      const report = new Correlator().assess(readings(tableOf([]), settings(), missing), new NamespaceMemory(), [], {
        now: 0,
      });
      assert.equal(report.verdict, 'blind');
      assert.equal(report.usablePorts, null);
      assert.deepEqual(report.destinations, []);
    }
  });

  it('lowers the low bound by what it could not see', () => {
    const table = tableOf(rows(40000, 30, 'established'));
    table.unreadRows = 4;
    const [one] = new Correlator().assess(
      readings(table, settings(), { unlistedSockets: 6 }),
      new NamespaceMemory(),
      [],
      { now: 0 },
    ).destinations;
    assert.equal(one?.headroomPorts, 70);
    assert.equal(one?.headroomPortsLow, 60);
  });

  it('counts a connection to a listening port as inbound, whichever comes first', () => {
    const accepted = rows(40005, 1, 'established', { remotePort: 50123 });
    const listener: Row = { local: [0], localPort: 40005, remote: [0], remotePort: 0, state: 'listen' };
    for (const table of [
      [listener, ...accepted],
      [...accepted, listener],
    ]) {
      const report = namespaceOf(table, { asked: [ask('10.9.0.1', '10.9.0.2', 8080)] });
      assert.equal(report.inboundSockets, 1);
      assert.equal(report.blockedPorts, 1);
      assert.deepEqual(
        report.destinations.map(({ headroomPorts, fastHeadroomPorts }) => [headroomPorts, fastHeadroomPorts]),
        [[99, 50]],
      );
    }
  });
});
