import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNat } from '../../../../agent/config/nat-values.ts';
import { type NatFlow, NatLedger, type NatLook } from '../../../../agent/correlate/pools/nat-ledger.ts';
import { clockBin, newTimeWaitClock } from '../../../../agent/correlate/time-wait-clock.ts';

const QUOTAS = [parseNat('networks=10.0.0.0/8;ports=1000;held=120s')];
const LOOK: NatLook = { at: 0, isBroken: false, isAll: true, unseen: 0, counters: { estabResets: 0 } };
const FLOW: NatFlow = {
  signature: 1,
  remote: '10.0.0.1',
  remoteAddress: [0x0a000001],
  remotePort: 443,
  usablePorts: 28_232,
  open: 0,
  closing: 0,
  closed: null,
  clock: newTimeWaitClock().all,
  demand: null,
};

/** TIME_WAIT of these ages, in seconds. */
function waiting(...ages: readonly number[]): Uint16Array {
  const clock = newTimeWaitClock().all;
  for (const age of ages) clock[clockBin((60 - age) * 100)]!++;
  return clock;
}

const closed = (here: number, there: number, isSure = true) => ({ here, there, isSure });

function ledger(most = 1000) {
  const room = { left: most };
  const one = new NatLedger(QUOTAS, room);
  const look = (at: number, flows: readonly Partial<NatFlow>[], more: Partial<NatLook> = {}) =>
    one.update(
      { ...LOOK, at: at * 1000, ...more },
      flows.map((flow) => ({ ...FLOW, ...flow })),
    );
  const within = (at: number, seconds = 120, signature = 1) => {
    const entry = one.entries.get(signature);
    return entry === undefined
      ? null
      : [entry.closed, entry.sure].map((column) => Math.round(column.within(at * 1000, seconds)));
  };
  return { one, look, within, room };
}

describe('NatLedger', () => {
  it('dates what this side has closed before the first look, and nothing else', () => {
    const { one, look, within } = ledger();
    look(1000, [{ clock: waiting(1, 2, 30, 59), open: 5, closing: 2 }], { isBroken: true });
    assert.deepEqual(within(1000), [6, 6]);
    assert.deepEqual(within(1000, 20), [4, 4]);
    assert.deepEqual(within(1070), [5, 5], 'that of 59 s before has been held for two minutes');
    assert.equal(one.since, 1_000_000);
    assert.equal(one.entries.get(1)!.since, 1_000_000);
  });

  it('adds up what either side closes from look to look', () => {
    const { look, within } = ledger();
    look(1000, [{ open: 50 }], { isBroken: true });
    look(1001, [{ open: 40, closed: closed(3, 7) }]);
    look(1002, [{ open: 30, closed: closed(6, 4) }]);
    assert.deepEqual(within(1002), [20, 20]);
    assert.deepEqual(within(1121.5), [5, 5]);
  });

  it('counts as sure only what was not reset', () => {
    const { look, within } = ledger();
    look(1000, [{ open: 50 }], { isBroken: true });
    look(1001, [{ open: 40, closed: closed(3, 7) }], { counters: { estabResets: 5 } });
    assert.deepEqual(within(1001), [10, 5]);
    look(1002, [{ open: 30, closed: closed(0, 10) }], { counters: {} });
    assert.deepEqual(within(1002), [20, 5], 'nobody has counted resets');
  });

  it('takes a destination that has gone for closed, and keeps it for as long as the NAT does', () => {
    const { one, look, within } = ledger();
    look(1000, [{ open: 50 }], { isBroken: true });
    look(1001, []);
    assert.deepEqual(within(1001), [50, 50]);
    look(1100, []);
    assert.deepEqual(within(1100), [50, 50]);
    assert.ok(one.holdsClosed(1_100_000));
    look(1125, []);
    assert.equal(one.entries.size, 0);
    assert.ok(!one.holdsClosed(1_125_000));
  });

  it('does not count twice what was in TIME_WAIT at the look before', () => {
    const { look, within } = ledger();
    look(1000, [{ clock: waiting(1, 10, 20) }], { isBroken: true });
    look(1005, []);
    // It comes back with two more, closed since.
    look(1010, [{ clock: waiting(1, 2, 11, 20, 30) }]);
    assert.deepEqual(within(1010), [5, 5]);
  });

  it('begins anew where two looks cannot be joined', () => {
    const { one, look } = ledger();
    look(1000, [{ open: 50 }], { isBroken: true });
    look(1001, [{ open: 50, closed: closed(0, 0) }]);
    look(1100, [{ open: 50, closed: closed(0, 0) }], { isBroken: true });
    assert.equal(one.since, 1_100_000);
    assert.equal(one.entries.get(1)!.since, 1_100_000);
  });

  it('knows of one that comes later as much as of all, unless there were too many to follow', () => {
    const { one, look } = ledger();
    look(1000, [], { isBroken: true });
    look(1001, [{ open: 1 }]);
    assert.equal(one.entries.get(1)!.since, 1_000_000);
    look(1002, [{ open: 1, closed: closed(0, 0) }], { isAll: false });
    look(
      1003,
      [
        { open: 1, closed: closed(0, 0) },
        { signature: 2, open: 1 },
      ],
      { isAll: false },
    );
    assert.equal(one.entries.get(2)!.since, 1_003_000);
    assert.equal(one.incompleteAt, 1_003_000);
  });

  it('remembers when some may have been missed', () => {
    const { one, look } = ledger();
    look(1000, [{ open: 1 }], { isBroken: true });
    look(1001, [{ open: 1, closed: closed(0, 4, false) }]);
    assert.equal(one.entries.get(1)!.unsureAt, 1_001_000);
  });

  it('adds up connect() calls that no look has shown', () => {
    const { one, look } = ledger();
    look(1000, [], { isBroken: true, unseen: null });
    assert.ok(!one.knowsUnseen);
    look(1001, [], { unseen: 30 });
    look(1002, [], { unseen: 12 });
    assert.ok(one.knowsUnseen);
    assert.equal(Math.round(one.unseen.within(1_002_000, 120)), 42);
  });

  it('follows what goes through a NAT, and nothing else', () => {
    const { one, look, room } = ledger();
    const others = Array.from({ length: 10 }, (_, index) => ({
      signature: index,
      remoteAddress: [0x0b000000] as const,
    }));
    look(1000, others, { isBroken: true });
    assert.equal(one.entries.size, 0);
    assert.equal(room.left, 1000);
  });

  it('follows so many destinations, and lets small ones go for one that is not', () => {
    const { one, look, room } = ledger(10);
    const some = (from: number, open: number) =>
      Array.from({ length: 8 }, (_, index) => ({ signature: from + index, open, closed: closed(0, 0) }));
    look(1000, some(0, 5), { isBroken: true });
    assert.equal(room.left, 2);
    look(1001, [...some(0, 5), ...some(100, 1)]);
    assert.deepEqual([one.entries.size, one.incompleteAt], [10, 1_001_000]);
    look(1002, [...some(0, 5), { signature: 200, open: 50 }, ...some(100, 1)]);
    assert.ok(one.entries.has(200));
    assert.equal(one.entries.size + room.left, 10);
    assert.equal(one.entries.get(200)!.since, 1_002_000, 'it may have been there before');
    look(1003, []);
    look(1200, []);
    assert.deepEqual([one.entries.size, room.left], [0, 10]);
  });
});
