import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InboundMemory } from '../../../agent/correlate/inbound.ts';
import type { Row } from '../../support/proc-net-tcp.ts';
import { tableOf } from '../../support/readings.ts';

const listener: Row = { local: [0], localPort: 40005, remote: [0], remotePort: 0, state: 'listen' };
const connection = (remotePort: number, more: Partial<Row> = {}): Row => ({
  local: [0x0a090001],
  localPort: 40005,
  remote: [0x0a090002],
  remotePort,
  state: 'established',
  ...more,
});

/** Whether port 40005 is a service's after each of these looks. */
function looks(...tables: Row[][]): boolean[] {
  const memory = new InboundMemory();
  return tables.map((rows) => memory.update(tableOf(rows))[40005] === 1);
}

describe('InboundMemory', () => {
  it('takes a listening port for a service', () => assert.deepEqual(looks([listener], []), [true, false]));

  it('remembers the port while a connection it accepted lives', () => {
    const tail = connection(50001, { state: 'time_wait' });
    assert.deepEqual(
      looks([listener, connection(50001), connection(50002)], [connection(50001), connection(50002)], [tail], []),
      [true, true, true, false],
    );
  });

  it('forgets it when only connections that came later are left', () => {
    assert.deepEqual(looks([listener, connection(50001)], [connection(50001)], [connection(8080)]), [
      true,
      true,
      false,
    ]);
  });

  it('does not take a port for a service that never listened', () => {
    assert.deepEqual(looks([connection(50001)], [connection(50001)]), [false, false]);
  });

  it('forgets at once a port that listened and never had a connection', () => {
    assert.deepEqual(looks([listener], [connection(8080)]), [true, false]);
  });

  it('remembers it although the first thousand of its connections go at once', () => {
    const many = Array.from({ length: 3000 }, (_, index) => connection(1000 + index));
    assert.deepEqual(looks([listener, ...many], many, many.slice(0, 1500), many.slice(2990), many.slice(2999)), [
      true,
      true,
      true,
      true,
      true,
    ]);
    assert.deepEqual(looks([listener, ...many], many, many.slice(1500), many.slice(2990), []), [
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('starts anew when the port listens again', () => {
    assert.deepEqual(
      looks([listener, connection(50001)], [connection(50001)], [listener, connection(50002)], [connection(50002)], []),
      [true, true, true, true, false],
    );
  });
});
