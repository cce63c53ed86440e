import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Places } from '../../../exporters/web/places.ts';

let ports = 0;
/** What Places knows of a socket. */
class Connection extends EventEmitter {
  readonly remotePort = ++ports;
  readonly remoteAddress: string;
  destroyed = false;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy() {
    this.destroyed = true;
    this.emit('close');
  }
}

function house() {
  let now = 0;
  const places = new Places(
    () => now,
    () => undefined,
  );
  const enter = (address: string, count = 1) =>
    Array.from({ length: count }, () => {
      const one = new Connection(address);
      places.enter(one as unknown as Socket);
      return one;
    });
  return {
    enter,
    places,
    later: () => {
      now += 1001;
    },
    begin: (one: Connection) => places.begin(one as unknown as Socket),
    end: (one: Connection) => places.end(one as unknown as Socket),
  };
}

/** Those that are refused are ended a little later. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const left = (all: readonly Connection[]) => all.filter(({ destroyed }) => !destroyed).length;

describe('Places', () => {
  for (const [address, count] of [
    ['10.0.0.1', 32],
    ['::ffff:10.0.0.1', 32],
    ['2001:db8::1', 32],
    ['127.0.0.1', 128],
    ['127.9.9.9', 128],
    ['::1', 128],
    ['::ffff:127.0.0.1', 128],
  ] as const) {
    it(`has ${count} for ${address}`, async () => {
      const { enter } = house();
      const all = enter(address, 200);
      await settled();
      assert.equal(left(all), count);
    });
  }

  it('counts a network of 64 bits as one, and others as others', async () => {
    const { enter } = house();
    const all = Array.from(
      { length: 100 },
      (_, index) => enter(`2001:db8:0:1::${index.toString(16)}`)[0] as Connection,
    );
    const [other] = enter('2001:db8:0:2::1');
    await settled();
    assert.equal(left(all), 32);
    assert.equal(other?.destroyed, false);
  });

  it('takes the place of who has been idle longest, of the one that has most', async () => {
    const { enter, later, begin } = house();
    const greedy = [...enter('10.0.0.1', 32), ...enter('10.0.0.2', 32), ...enter('10.0.0.3', 32)];
    const [modest] = enter('10.0.0.4', 1);
    enter('10.0.0.5', 31);
    const busy = greedy[0] as Connection;
    begin(busy);
    later();
    const [newcomer] = enter('10.0.0.6');
    await settled();
    assert.equal(newcomer?.destroyed, false);
    assert.equal(busy.destroyed, false);
    assert.equal(modest?.destroyed, false);
    assert.equal(greedy[1]?.destroyed, true);
    assert.equal(left(greedy), 95);
  });

  it('sends who comes away while all are busy, or have just come', async () => {
    const { enter, later, begin, end } = house();
    const all = enter('127.0.0.1', 128);
    const [tooSoon] = enter('127.0.0.1');
    await settled();
    assert.equal(tooSoon?.destroyed, true);
    for (const one of all) begin(one);
    later();
    const [whileBusy] = enter('127.0.0.1');
    await settled();
    assert.equal(whileBusy?.destroyed, true);
    end(all[5] as Connection);
    later();
    const [atLast] = enter('127.0.0.1');
    await settled();
    assert.equal(atLast?.destroyed, false);
    assert.equal(all[5]?.destroyed, true);
  });

  it('lets four requests wait on a connection', () => {
    const { enter, begin, end } = house();
    const [one] = enter('10.0.0.1') as [Connection];
    assert.deepEqual([begin(one), begin(one), begin(one), begin(one), begin(one)], [true, true, true, true, false]);
    end(one);
    end(one);
    assert.equal(begin(one), true);
  });

  it('has all places again when all have gone', async () => {
    const { enter } = house();
    for (const one of enter('10.0.0.1', 32)) one.destroy();
    const again = enter('10.0.0.1', 40);
    await settled();
    assert.equal(left(again), 32);
  });
});
