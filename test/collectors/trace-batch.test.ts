import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ENDED, STATE, TraceBatch } from '../../collectors/trace-batch.ts';

/** ns; what is closer together than 16 stays as it was read. */
const STEP = 16;

function add(batch: TraceBatch, at: number, tid: number): void {
  const slot = batch.add(at);
  batch.kind[slot] = tid % 2 === 0 ? ENDED : STATE;
  batch.tid[slot] = tid;
  batch.socket[slot] = 2 ** 47 + tid;
  batch.destination[slot] = -tid;
  batch.localPort[slot] = tid % 65536;
  if (tid % 2 === 0) batch.names.set(slot, `name ${tid}`);
}

const told = (batch: TraceBatch): number[] =>
  [...batch.ordered].map((slot) => {
    const tid = batch.tid[slot]!;
    assert.equal(batch.socket[slot], 2 ** 47 + tid);
    assert.equal(batch.destination[slot], -tid);
    assert.equal(batch.localPort[slot], tid % 65536);
    assert.equal(batch.names.get(slot), tid % 2 === 0 ? `name ${tid}` : undefined);
    return tid;
  });

describe('TraceBatch', () => {
  it('tells records in the order of time, whichever processor they came from', () => {
    const batch = new TraceBatch(1000);
    for (const [at, tid] of [
      [10 * STEP, 1],
      [30 * STEP, 2],
      [20 * STEP, 3],
      [20 * STEP, 4],
    ] as const)
      add(batch, at, tid);
    batch.order(1e9);
    assert.deepEqual(told(batch), [1, 3, 4, 2]);
    batch.drop();
    assert.deepEqual([batch.count, batch.names.size], [0, 0]);
  });

  it('keeps those that are too young, with all that belongs to them', () => {
    const batch = new TraceBatch(1000);
    for (const [at, tid] of [
      [90, 2],
      [10, 1],
      [95, 5],
      [80, 4],
    ] as const)
      add(batch, at * STEP, tid);
    batch.order(50 * STEP);
    assert.deepEqual(told(batch), [1]);
    batch.drop();
    add(batch, 85 * STEP, 6);
    batch.order(100 * STEP);
    assert.deepEqual(told(batch), [4, 6, 2, 5]);
  });

  it('tells what happened at that very time, and once', () => {
    const batch = new TraceBatch(1000);
    add(batch, 50 * STEP, 1);
    batch.order(50 * STEP);
    assert.deepEqual(told(batch), [1]);
    batch.drop();
    assert.equal(batch.count, 0);
  });

  it('tells the right ones when days lie between them, as where the machine slept', () => {
    const batch = new TraceBatch(1000);
    for (const [at, tid] of [
      [0, 1],
      [2 ** 50, 2],
      [2 ** 39, 3],
      [STEP, 4],
    ] as const)
      add(batch, at, tid);
    batch.order(2 ** 51);
    assert.deepEqual(
      told(batch).sort((a, b) => a - b),
      [1, 2, 3, 4],
    );
  });

  it('is full when it has as many as it may', () => {
    const batch = new TraceBatch(3);
    for (let tid = 0; tid < 3; tid++) {
      assert.equal(batch.isFull, false);
      add(batch, tid, tid);
    }
    assert.equal(batch.isFull, true);
  });

  it('tells each once, as a list that is sorted would', () => {
    const times = fc.array(fc.nat(1e6), { maxLength: 3000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(times, fc.nat(1e6)), { minLength: 1, maxLength: 4 }), (rounds) => {
        const batch = new TraceBatch(100_000);
        let tid = 1;
        let model: { at: number; tid: number }[] = [];
        for (const [ats, until] of rounds) {
          for (const at of ats) {
            add(batch, at * STEP, tid);
            model.push({ at, tid: tid++ });
          }
          batch.order(until * STEP);
          const due = model.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
          assert.deepEqual(
            told(batch),
            due.map((one) => one.tid),
          );
          batch.drop();
          model = model.filter(({ at }) => at > until);
        }
      }),
      { numRuns: 50 },
    );
  });
});
