import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { countLocal, LIVE, LocalPorts } from '../../../agent/correlate/local-ports.ts';
import { usablePorts } from '../../../agent/model/port-settings.ts';
import { ANY_V4, ANY_V6, SocketTable } from '../../../agent/model/socket-table.ts';
import { settings } from '../../support/readings.ts';

const LOW = 40_000;
const HIGH = 40_012;
const LOCALS = [0x0a090001, 0x0a090002, 0x0a090003] as const;
const TIME_WAIT = 6;
const ESTABLISHED = 1;
const LISTEN = 10;

interface Holder {
  readonly local: number;
  readonly port: number;
  readonly what: 'connected' | 'waiting' | 'listening' | 'bound';
}

const holder = fc.record({
  local: fc.constantFrom(...LOCALS, ANY_V4),
  port: fc.integer({ min: LOW - 1, max: HIGH + 1 }),
  what: fc.constantFrom('connected', 'waiting', 'listening', 'bound'),
});

/** Connections have an address. */
const isPossible = ({ local, what }: Holder) => local !== ANY_V4 || what === 'listening' || what === 'bound';

function tableOf(holders: readonly Holder[]): SocketTable {
  const table = new SocketTable();
  for (const { local, port, what } of holders) {
    if (what === 'bound') table.addBound(port, local);
    else if (what === 'listening') table.addV4(local, port, 0, 0, LISTEN, 0, 0, 0, 0);
    else if (what === 'waiting') table.addV4(local, port, 0x0a090009, 80, TIME_WAIT, 3, 3000, 0, 0);
    else table.addV4(local, port, 0x0a090009, 80, ESTABLISHED, 0, 0, 0, 1);
  }
  return table;
}

it('LocalPorts counts as the rule says, written plainly', () => {
  const usable = usablePorts(settings({ range: { low: LOW, high: HIGH } }));
  fc.assert(
    fc.property(fc.array(holder.filter(isPossible), { maxLength: 40 }), (all) => {
      // What is at a port that listens somewhere comes from there, as far as the table knows.
      const listening = new Set(all.filter(({ what }) => what === 'listening').map(({ port }) => port));
      const holders = all.filter(({ what, port }) => what === 'listening' || what === 'bound' || !listening.has(port));
      const columns = LOCALS.map(() => new Int16Array(65_536));
      const ports = new LocalPorts();
      ports.read(tableOf(holders), LOCALS, columns);
      for (const [index, key] of LOCALS.entries()) {
        const takes = (port: number) => (one: Holder) =>
          one.port === port && (one.local === key || one.local === ANY_V4);
        const range = Array.from({ length: HIGH - LOW + 1 }, (_, offset) => LOW + offset);
        const free = range.filter((port) => !holders.some(takes(port)));
        const everywhere = range.filter((port) => !holders.some((one) => one.port === port));
        const column = columns[index] as Int16Array;
        assert.deepEqual(countLocal(ports, index, column, usable), {
          used: range.length - free.length,
          free: free.length,
          freeEverywhere: everywhere.length,
          freeSecond: free.filter((port) => (port - LOW) % 2 === 1).length,
        });
        for (const port of range) {
          const others = holders.filter((one) => one.port === port && one.local !== key && one.local !== ANY_V4);
          assert.equal(ports.isShared(index, port), others.length > 0);
        }
      }
    }),
    { numRuns: 300 },
  );
});

it('LocalPorts keeps for each port what holds it longest', () => {
  const [key] = LOCALS;
  const read = (holders: readonly Holder[]) => {
    const column = new Int16Array(65_536);
    new LocalPorts().read(tableOf(holders), [key], [column]);
    return column[LOW];
  };
  const at = (what: Holder['what'], local: number = key): Holder => ({ local, port: LOW, what });
  assert.equal(read([at('waiting')]), 3001);
  assert.equal(read([at('waiting'), at('connected')]), LIVE);
  assert.equal(read([at('connected', LOCALS[1])]), 0);
  assert.equal(read([at('bound')]), LIVE);
});

it('LocalPorts knows which sockets at any address are in the way of which family', () => {
  const table = new SocketTable();
  table.addBound(LOW, ANY_V4);
  table.addBound(LOW + 1, ANY_V6);
  table.addV6(
    Int32Array.from([0xfd090000 | 0, 0, 0, 1, 0xfd090000 | 0, 0, 0, 2]),
    LOW + 2,
    80,
    ESTABLISHED,
    0,
    0,
    0,
    1,
  );
  const keys = [LOCALS[0], table.localKey(0)];
  const ports = new LocalPorts();
  ports.read(
    table,
    keys,
    keys.map(() => new Int16Array(65_536)),
  );
  const taken = (index: number) => [0, 1, 2].map((offset) => ports.isTakenAnywhere(index, LOW + offset));
  assert.deepEqual(taken(0), [true, true, false]);
  assert.deepEqual(taken(1), [false, true, false]);
  const free = (index: number) => [0, 1, 2].map((offset) => ports.isFreeEverywhere(index, LOW + offset));
  assert.deepEqual(free(0), [false, false, true]);
  assert.deepEqual(free(1), [false, false, false]);
});
