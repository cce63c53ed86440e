import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Address, compareAddresses, parseAddress } from '../../../agent/model/address.ts';
import { ANY_V4, ANY_V6, isV4Key, localKeyOf, SocketTable } from '../../../agent/model/socket-table.ts';

const word = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff));
const v4 = fc.tuple(word).map((words) => words as unknown as Address);
const v6 = fc.tuple(fc.integer({ min: 1, max: 0xffffffff }), word, word, word).map((words) => words as Address);
const ends = fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6));
const port = fc.constantFrom(80, 443);

function tableOf(connections: readonly (readonly [readonly [Address, Address], number])[]): SocketTable {
  const table = new SocketTable();
  for (const [[local, remote], remotePort] of connections) {
    if (local.length === 1) table.addV4(local[0], 40000, remote[0], remotePort, 1, 0, 0, 0, 0);
    else table.addV6(Int32Array.from([...local, ...remote]), 40000, remotePort, 1, 0, 0, 0, 0);
  }
  return table;
}

describe('SocketTable', () => {
  it('keeps each destination once and gives back its addresses', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(ends, port), { maxLength: 200 }), (connections) => {
        const table = tableOf(connections);
        const text = ([[local, remote], remotePort]: (typeof connections)[number]) =>
          JSON.stringify([local, remote, remotePort]);
        const kept = Array.from({ length: table.destinationCount }, (_, index) =>
          JSON.stringify([table.localAddress(index), table.remoteAddress(index), table.remotePortOf(index)]),
        );
        assert.deepEqual(kept, [...new Set(connections.map(text))]);
      }),
    );
  });

  it('orders destinations as their addresses are ordered', () => {
    fc.assert(
      fc.property(ends, ends, (one, other) => {
        const table = tableOf([
          [one, 80],
          [other, 80],
        ]);
        if (table.destinationCount < 2) return;
        const expected = compareAddresses(one[1], other[1]) || compareAddresses(one[0], other[0]);
        assert.equal(Math.sign(table.compare(0, 1)), Math.sign(expected));
      }),
    );
  });

  it('has one key for a local address, whatever the destination, and mapped or not', () => {
    fc.assert(
      fc.property(ends, ends, (one, other) => {
        const table = tableOf([
          [one, 80],
          [[one[0], one[0]], 443],
          [other, 80],
        ]);
        const [key] = [table.localKey(0)];
        assert.equal(table.localKey(1), key);
        assert.equal(isV4Key(key), one[0].length === 1);
        if (compareAddresses(one[0], other[0]) === 0) assert.equal(table.localKey(table.destinationCount - 1), key);
        const words = one[0].length === 1 ? [0, 0, 0xffff, one[0][0]] : one[0];
        assert.equal(localKeyOf(words), key);
      }),
    );
    assert.equal(localKeyOf([0, 0, 0xffff, 0]), ANY_V4);
    assert.equal(localKeyOf([0, 0, 0, 0]), ANY_V6);
  });

  it('lists listeners and bound sockets with the keys of their addresses', () => {
    const table = new SocketTable();
    table.addV4(0x7f000001, 40000, 0, 0, 10, 0, 0, 0, 0);
    table.addV6(new Int32Array(8), 40001, 0, 10, 0, 0, 0, 0);
    table.addBound(40002, 0x7f000001);
    table.addBound(40003);
    assert.deepEqual(
      [table.listenerPorts, table.listenerLocals],
      [
        [40000, 40001],
        [0x7f000001, ANY_V6],
      ],
    );
    assert.deepEqual(
      [table.boundPorts, table.boundLocals],
      [
        [40002, 40003],
        [0x7f000001, ANY_V4],
      ],
    );
    table.reset();
    assert.deepEqual([table.listenerPorts, table.listenerLocals, table.boundLocals], [[], [], []]);
  });

  it('knows loopback at either end', () => {
    for (const [local, remote, expected] of [
      ['127.255.0.1', '10.9.0.2', true],
      ['10.9.0.1', '127.0.0.1', true],
      ['10.9.0.1', '10.9.0.2', false],
      ['::1', '::1', true],
      ['fd09::1', 'fd09::2', false],
    ] as const) {
      const table = tableOf([[[parseAddress(local)!, parseAddress(remote)!], 80]]);
      assert.equal(table.isLoopback(0), expected, `${local} ${remote}`);
    }
  });

  it('grows, and forgets all at reset()', () => {
    const table = new SocketTable();
    for (const round of [0, 1]) {
      table.reset();
      for (let index = 0; index < 5000; index++) table.addV4(round, 1000 + index, index << 16, 80, 1, 0, 0, 0, 0);
      assert.deepEqual([table.rowCount, table.destinationCount], [5000, 5000]);
      assert.deepEqual([table.localAddress(4999), table.remoteAddress(4999)], [[round], [(4999 << 16) >>> 0]]);
    }
  });
});
