import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { LatelyOwners, OwnerTally } from '../../../agent/correlate/owner-tally.ts';
import type { Program, SocketOwners } from '../../../agent/model/program.ts';

const [LIVING, GONE] = [true, false];

const program = (pid: number, command = `p${pid}`, more: Partial<Program> = {}): Program => ({
  pid,
  comm: command,
  command,
  user: 'api',
  commandLine: null,
  unit: 'api.service',
  container: null,
  ...more,
});

describe('OwnerTally', () => {
  let known: Map<number, Program>;
  let seesAll: boolean;
  let tally: OwnerTally;
  const owners: SocketOwners = {
    holderOf: () => 0,
    program: (index) => known.get(index) ?? null,
    get seesAll() {
      return seesAll;
    },
  };
  const add = (count: number, index: number, isLiving: boolean, isTraced = false) => {
    for (let port = 0; port < count; port++) tally.add(index, isLiving, isTraced ? 'traced' : null);
  };
  /** As "command pid how ports". `lately` beside those that were added. */
  const told = (lately: readonly number[] = []) => {
    const { owners: found, unowned } = tally.owners(owners, new Set([...tally.programs, ...lately]));
    return [...found.map(({ command, pid, how, usedPorts }) => `${command} ${pid} ${how} ${usedPorts}`), unowned];
  };

  beforeEach(() => {
    known = new Map([10, 11, 12].map((pid) => [pid, program(pid)]));
    seesAll = true;
    tally = new OwnerTally();
  });

  it('tells each program by every way in which it is known, and what is nobody’s', () => {
    add(3, 10, LIVING);
    add(5, 10, GONE);
    add(2, 11, GONE, true);
    add(1, 12, LIVING);
    add(4, 0, GONE);
    assert.deepEqual(told(), ['p10 10 remembered 5', 'p10 10 seen 3', 'p11 11 traced 2', 'p12 12 seen 1', 4]);
    tally.clear();
    assert.deepEqual(told(), [0]);
  });

  it('does not count for anybody what is of a program that it has forgotten', () => {
    add(3, 99, LIVING);
    assert.deepEqual(told(), [3]);
  });

  describe('shared', () => {
    it('is what came and went unseen, if all that was seen of the destination lately is one process’s', () => {
      add(2, 10, LIVING);
      add(7, 0, GONE);
      assert.deepEqual(told(), ['p10 10 shared 7', 'p10 10 seen 2', 0]);
    });

    it('is told without a pid if they were several processes of one name, unit and container', () => {
      known.set(11, program(11, 'p10', { user: 'root' }));
      add(7, 0, GONE);
      assert.deepEqual(told([10, 11]), ['p10 null shared 7', 0]);
      assert.equal(tally.owners(owners, new Set([10, 11])).owners[0]?.user, null);
    });

    for (const [what, other] of [
      ['name', program(11, 'other')],
      ['unit', program(11, 'p10', { unit: 'other.service' })],
      ['container', program(11, 'p10', { container: 'abc' })],
    ] as const) {
      it(`is not told if one of them had another ${what}`, () => {
        known.set(11, other);
        add(7, 0, GONE);
        assert.deepEqual(told([10, 11]), [7]);
      });
    }

    it('is not told where processes may not be looked into, or one is not known any more, or none was', () => {
      add(7, 0, GONE);
      assert.deepEqual(told(), [7]);
      assert.deepEqual(told([10, 99]), [7]);
      seesAll = false;
      assert.deepEqual(told([10]), [7]);
    });

    it('is not told where the holders of the living are not found, for they may be another’s', () => {
      add(10, 10, LIVING);
      add(7, 0, GONE);
      add(1, 0, LIVING);
      assert.deepEqual(told(), ['p10 10 seen 10', 'p10 10 shared 7', 1]);
      add(1, 0, LIVING);
      assert.deepEqual(told(), ['p10 10 seen 10', 9]);
    });
  });

  it('names the five that have most in all, and takes those of one name together where there are more', () => {
    for (let pid = 20; pid < 30; pid++) known.set(pid, program(pid, pid < 24 ? 'curl' : `p${pid}`));
    for (let pid = 20; pid < 30; pid++) add(pid < 24 ? 4 : pid, pid, LIVING);
    assert.deepEqual(told(), [
      'p29 29 seen 29',
      'p28 28 seen 28',
      'p27 27 seen 27',
      'p26 26 seen 26',
      'p25 25 seen 25',
      0,
    ]);
    tally.clear();
    for (let pid = 20; pid < 24; pid++) add(30, pid, LIVING);
    for (let pid = 24; pid < 29; pid++) add(1, pid, LIVING);
    assert.deepEqual(told().slice(0, 2), ['curl null seen 120', 'p24 24 seen 1']);
  });
});

describe('LatelyOwners', () => {
  it('knows who there was in the last minute', () => {
    const lately = new LatelyOwners();
    lately.note([1, 2], 0);
    assert.deepEqual([...lately.note([2], 60_000)], [1, 2]);
    assert.deepEqual([...lately.note([3], 60_001)], [2, 3]);
  });
});
