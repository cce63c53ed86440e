import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { BLOCKED, CHOSEN } from '../../../agent/correlate/port-kinds.ts';
import { TracedConnections } from '../../../agent/correlate/traced-connections.ts';

const EADDRINUSE = 98;
const EADDRNOTAVAIL = 99;
/** Network namespaces, destinations, and what is known of tasks 1 to 3: 3 has gone. */
const HERE = 4001;
const THERE = 4002;
const A = 111;
const B = 222;

describe('TracedConnections', () => {
  const netns = new Map<number, number>();
  const programs = new Map<number, number>();
  let traced: TracedConnections;
  let socket = 0;
  const open = (task: number, destination: number, port: number, at: number, bound = 0) => {
    traced.connecting(++socket, task, destination, bound, at);
    traced.established(socket, destination, port, at);
  };
  const counts = (where: number, destination: number) => {
    const { opens, closedHere, closedThere } = traced.countsOf(where, destination);
    return [opens, closedHere, closedThere];
  };

  beforeEach(() => {
    netns.clear();
    programs.clear();
    for (const [task, where] of [
      [1, HERE],
      [2, THERE],
    ] as const)
      netns.set(task, where);
    for (const task of [1, 2, 3]) programs.set(task, task * 10);
    traced = new TracedConnections({
      netnsOf: (task) => netns.get(task) ?? 0,
      programOf: (task) => programs.get(task) ?? 0,
    });
  });

  it('counts opens and closes of each destination and network namespace', () => {
    open(1, A, 40000, 10);
    open(1, A, 40001, 11);
    open(1, B, 40000, 12);
    open(2, A, 40000, 13);
    traced.closed(A, 40001, 'here');
    traced.closed(B, 40000, 'there');
    traced.closed(A, 40000, 'there');
    assert.deepEqual(counts(HERE, A), [2, 1, 0]);
    assert.deepEqual(counts(HERE, B), [1, 0, 1]);
    assert.deepEqual(counts(THERE, A), [1, 0, 1], 'the later one of two that are the same');
  });

  it('does not count what was closed and came in, but what was opened before the trace', () => {
    traced.closed(A, 40000, 'here');
    assert.deepEqual(counts(HERE, A), [0, 0, 0]);
    traced.closed(A, 40000, 'here');
    assert.deepEqual(counts(HERE, A), [0, 1, 0]);
  });

  it('tells whose a connection is, in each network namespace', () => {
    open(1, A, 40000, 1000);
    open(2, A, 40000, 1001);
    assert.equal(traced.ownerOf(HERE, A, 40000, 2000, 2000, false), 10);
    assert.equal(traced.ownerOf(THERE, A, 40000, 2000, 2000, true), 20);
    assert.equal(traced.ownerOf(HERE, A, 40001, 2000, 2000, false), 0);
    assert.equal(traced.ownerOf(HERE, B, 40000, 2000, 2000, false), 0);
  });

  it('does not take the next connection for the one that is seen', () => {
    open(1, A, 40000, 3000);
    assert.equal(traced.ownerOf(HERE, A, 40000, 2999, 2999, true), 0, 'opened after the look began');
    assert.equal(traced.ownerOf(HERE, A, 40000, 9000, 2400, false), 0, 'opened after it was closed');
    assert.equal(traced.ownerOf(HERE, A, 40000, 9000, 2600, false), 10, 'as well as that can be told');
  });

  it('gives what a process that has gone had opened to the namespace that has it, and to no other', () => {
    open(3, A, 40000, 1000);
    assert.equal(traced.ownerOf(HERE, A, 40000, 2000, 2000, true), 0, 'what is held is no dead one');
    traced.kindsOf(HERE);
    assert.equal(traced.ownerOf(HERE, A, 40000, 2000, 1500, false), 30);
    assert.equal(traced.ownerOf(THERE, A, 40000, 2000, 1500, false), 0);
    assert.equal(traced.kindsOf(HERE)[40000], CHOSEN);
    assert.deepEqual(counts(HERE, A), [1, 0, 0]);
  });

  it('is unsure where an event may be of two namespaces', () => {
    assert.deepEqual(
      [counts(HERE, A), counts(THERE, A)],
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
    );
    const before = [HERE, THERE].map((where) => traced.countsOf(where, A).unsure);
    open(3, A, 40000, 1000);
    assert.deepEqual(
      [counts(HERE, A), counts(THERE, A)],
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
    );
    const after = [HERE, THERE].map((where) => traced.countsOf(where, A).unsure);
    assert.ok(after.every((unsure, index) => unsure > before[index]!));
  });

  it('counts a connect() that finds no port once, and opens none', () => {
    traced.connecting(1, 1, A, 0, 10);
    traced.failed(1, A, 0, 10.01);
    traced.refused(1, EADDRNOTAVAIL, 10.02);
    assert.deepEqual(traced.countsOf(HERE, A).refused, [{ errno: EADDRNOTAVAIL, program: 10, total: 1 }]);
    assert.deepEqual(traced.refusalsOf(HERE), [{ errno: EADDRNOTAVAIL, program: 10, total: 1 }]);
    assert.deepEqual(counts(HERE, A), [0, 0, 0]);
  });

  it('counts a bound one that its destination refuses there, unless it is another that is refused', () => {
    traced.connecting(1, 1, A, 40000, 10);
    traced.failed(1, A, 40000, 10.01);
    traced.refused(1, EADDRNOTAVAIL, 10.02);
    assert.equal(traced.countsOf(HERE, A).refused[0]?.total, 1);
    traced.connecting(2, 1, A, 0, 20);
    traced.failed(2, A, 40001, 20.1); // by a reset: its connect() returns something else
    traced.refused(1, EADDRNOTAVAIL, 500);
    assert.equal(traced.countsOf(HERE, A).refused[0]?.total, 1);
    assert.equal(traced.refusalsOf(HERE)[0]?.total, 2);
  });

  it('counts what is refused to nowhere known for the namespace, or, if that is not known, until it is', () => {
    traced.refused(1, EADDRINUSE, 10);
    assert.deepEqual(traced.refusalsOf(HERE), [{ errno: EADDRINUSE, program: 10, total: 1 }]);
    traced.refused(3, EADDRINUSE, 11);
    assert.deepEqual(traced.strayRefusals, [{ errno: EADDRINUSE, program: 30, total: 1 }]);
    open(3, A, 40000, 12);
    traced.ownerOf(HERE, A, 40000, 100, 50, false);
    assert.deepEqual(traced.strayRefusals, []);
    assert.deepEqual(traced.refusalsOf(HERE)[1], { errno: EADDRINUSE, program: 30, total: 1 });
  });

  it('waits for the name of who was refused, but not for ever', () => {
    programs.delete(1);
    traced.refused(1, EADDRINUSE, 10);
    traced.settle();
    assert.deepEqual(traced.refusalsOf(HERE), []);
    programs.set(1, 10);
    traced.settle();
    assert.deepEqual(traced.refusalsOf(HERE), [{ errno: EADDRINUSE, program: 10, total: 1 }]);
    programs.delete(1);
    traced.refused(1, EADDRINUSE, 10);
    for (let times = 0; times < 3; times++) traced.settle();
    assert.equal(traced.refusalsOf(HERE)[1]?.program, 0);
  });

  it('names no endless list of programs', () => {
    for (let task = 1; task <= 100; task++) {
      netns.set(task, HERE);
      programs.set(task, task);
      traced.refused(task, EADDRINUSE, 10);
    }
    const refusals = traced.refusalsOf(HERE);
    assert.ok(refusals.length <= 17);
    assert.equal(
      refusals.reduce((sum, { total }) => sum + total, 0),
      100,
    );
  });

  it('tells which ports bind() chose, and which connect() did later', () => {
    const kinds = traced.kindsOf(HERE);
    open(1, A, 40000, 10, 40000);
    open(1, A, 40001, 10);
    assert.deepEqual([kinds[40000], kinds[40001], kinds[40002]], [BLOCKED, CHOSEN, 0]);
    open(1, B, 40000, 20);
    assert.equal(kinds[40000], CHOSEN);
    open(2, A, 40002, 30);
    assert.equal(kinds[40002], 0, 'another namespace');
  });

  it('holds nothing for true any more when events were lost', () => {
    const kinds = traced.kindsOf(HERE);
    open(1, A, 40000, 10);
    const { epoch } = traced;
    traced.broken('opens');
    assert.notEqual(traced.epoch, epoch);
    assert.equal(traced.followsCloses, false);
    assert.equal(kinds[40000], 0);
    assert.equal(traced.ownerOf(HERE, A, 40000, 2000, 2000, true), 0);
  });

  it('forgets the namespaces that there are no more', () => {
    open(1, A, 40000, 10);
    open(2, A, 40000, 10);
    traced.refused(2, EADDRINUSE, 10);
    traced.keepOnly((where) => where === HERE);
    assert.deepEqual(traced.refusalsOf(THERE), []);
    assert.deepEqual(
      [counts(HERE, A), counts(THERE, A)],
      [
        [1, 0, 0],
        [0, 0, 0],
      ],
    );
  });
});
