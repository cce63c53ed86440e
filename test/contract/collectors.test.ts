import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { realHost } from '../../agent/host.ts';
import { formatAddress, formatEndpoint } from '../../agent/model/address.ts';
import type { Host } from '../../agent/model/host.ts';
import type { Collector, Readings } from '../../agent/model/readings.ts';
import type { SocketTable } from '../../agent/model/socket-table.ts';
import { TCP_STATES } from '../../agent/model/state.ts';
import { COLLECTORS } from '../../collectors/index.ts';
import { fakeHost } from '../support/fake-host.ts';
import { matchesGolden, root } from '../support/golden.ts';
import { emptyReadings } from '../support/readings.ts';
import { recorded, replayLibc } from '../support/replay-libc.ts';

function rowsOf(table: SocketTable): string[] {
  const rows: string[] = [];
  for (let destination = 0; destination < table.destinationCount; destination++) {
    const local = formatAddress(table.localAddress(destination));
    const remote = formatEndpoint(formatAddress(table.remoteAddress(destination)), table.remotePortOf(destination));
    for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
      const { localPort, state, timer, timerLeft, uid, inode } = table;
      const timing = `timer ${timer[row]}:${timerLeft[row]} uid ${uid[row]} inode ${inode[row]}`;
      const device = table.deviceOf(destination);
      rows.push(
        `${formatEndpoint(local, localPort[row]!)} ${remote} ${TCP_STATES[state[row]!]} ${timing}${device === 0 ? '' : ` on ${device}`}`,
      );
    }
  }
  return rows.sort();
}

/** Typed arrays as what they hold, so that a golden is for people. */
function readable({ sockets, ports, ...rest }: Readings): unknown {
  const members = (set: Uint8Array | null) => (set === null ? null : [...set.keys()].filter((port) => set[port] === 1));
  return {
    ...rest,
    ports: ports === null ? null : { ...ports, reserved: members(ports.reserved) },
    sockets:
      sockets === null
        ? null
        : {
            rows: rowsOf(sockets),
            listening: members(sockets.listening),
            bound: members(sockets.bound),
            inbound: sockets.inboundCount,
          },
    interfaces: [...rest.interfaces],
  };
}

/** What a scenario cannot give as a file: sock_diag's datagrams. */
const REPLAYED: Readonly<Record<string, () => Collector>> = {
  'sock-diag': () => COLLECTORS['sock-diag'](() => replayLibc(() => recorded('test/fixtures/sock-diag/dump.bin')).libc),
};
const hostOf = (scenario: string): Host => ({ ...realHost(scenario), isLive: scenario.endsWith('/sock-diag') });

describe('every collector of the table', () => {
  for (const [name, factory] of Object.entries(COLLECTORS)) {
    const make = REPLAYED[name] ?? factory;
    describe(name, () => {
      it('carries its own name', () => assert.equal(make().name, name));

      it('has a scenario, and reads it as the golden says', () => {
        const scenario = `${root}test/fixtures/${name}`;
        assert.ok(existsSync(scenario), `test/fixtures/${name} has the files it reads, recorded from a real host`);
        const readings = emptyReadings();
        make().collect(readings, hostOf(scenario));
        matchesGolden(`${name}.json`, `${JSON.stringify(readable(readings), null, 2)}\n`);
      });

      it('gives the same when it looks again', () => {
        const collector = make();
        const [first, second] = [emptyReadings(), emptyReadings()];
        const host = hostOf(`${root}test/fixtures/${name}`);
        collector.collect(first, host);
        const before = JSON.stringify(readable(first));
        collector.collect(second, host);
        assert.equal(JSON.stringify(readable(second)), before);
      });

      it('says so, by an error or a Gap, when there is nothing to read', () => {
        const readings = emptyReadings();
        try {
          make().collect(readings, fakeHost({}));
        } catch (error) {
          assert.match((error as Error).message, /ENOENT|is not the running kernel's procfs/);
          return;
        }
        assert.notEqual(readings.gaps.length, 0);
      });
    });
  }
});
