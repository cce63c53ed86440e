import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { SocketHolders } from '../../collectors/proc-fd.ts';
import { Programs } from '../../collectors/programs.ts';
import { fakeHost } from '../support/fake-host.ts';

/** Network namespaces. */
const HERE = 4001;
const THERE = 4002;

describe('SocketHolders', () => {
  let files: Record<string, string>;
  let links: Record<string, string>;
  let refused: Set<string>;
  let clock: number;
  /** Descriptors read, as "pid/descriptor". */
  let read: string[];
  let holders: SocketHolders;

  /** A process with these descriptors: an inode is a socket, 0 is something else, null is closed. */
  const process = (pid: number, inodes: readonly (number | null)[], { startTime = 1, netns = HERE } = {}) => {
    files[`${pid}/stat`] = `${pid} (p${pid}) S 1 ${'0 '.repeat(17)}${startTime} 1000\n`;
    for (const path of Object.keys(links)) if (path.startsWith(`${pid}/`)) delete links[path];
    links[`${pid}/ns/net`] = `net:[${netns}]`;
    for (const [fd, inode] of inodes.entries())
      if (inode !== null) links[`${pid}/fd/${fd}`] = inode === 0 ? '/dev/null' : `socket:[${inode}]`;
  };
  const nothing = (count: number) => new Array<number>(count).fill(0);
  const pidOf = (inode: number) => holders.program(holders.holderOf(inode))?.pid ?? null;

  beforeEach(() => {
    [files, links, refused, clock, read] = [{}, {}, new Set(), 0, []];
    const host = fakeHost(files, links);
    const watched = {
      ...host,
      list(path: string) {
        if (refused.has(path)) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
        return path === '.'
          ? [...new Set([...Object.keys(files), ...Object.keys(links)].map((name) => name.split('/')[0]!)), 'self']
          : host.list(path);
      },
      readLink(path: string) {
        if (path.includes('/fd/')) read.push(path.replace('/fd', ''));
        clock += 0.01;
        return host.readLink(path);
      },
    };
    holders = new SocketHolders(watched, new Programs(watched), () => clock);
  });
  const seek = (inodes: readonly number[], budgetMs = 100, netns: number | null = HERE) =>
    holders.seek(inodes, budgetMs, netns);

  it('finds who holds a socket, and looks for nothing that it knows or that is none', () => {
    process(10, [0, 101, 102]);
    process(11, [201, 0]);
    assert.equal(seek([101, 0, 201]), true);
    assert.deepEqual([pidOf(101), pidOf(201), pidOf(102)], [10, 11, null]);
    read = [];
    seek([101, 201, 0]);
    assert.deepEqual(read, []);
    clock += 1000;
    seek([101, 201, 0]);
    assert.deepEqual(read.sort(), ['10/1', '11/0'], 'only to see whether they still do');
  });

  it('looks first where others were found', () => {
    for (let pid = 100; pid < 150; pid++) process(pid, nothing(20));
    process(120, [501]);
    seek([501]);
    process(120, [501, 502]);
    read = [];
    seek([501, 502]);
    assert.equal(pidOf(502), 120);
    assert.deepEqual(read, ['120/1']);
  });

  it('looks first of all behind descriptors whose sockets have gone, for the lowest free one is given out', () => {
    for (let pid = 100; pid < 150; pid++) process(pid, nothing(20));
    process(120, [0, 501, 502, 503, ...nothing(100)]);
    process(130, [0, 601, ...nothing(100)]);
    seek([501, 502, 503, 601]);
    process(120, [0, 504, null, 503, ...nothing(100)]);
    process(130, [0, null, ...nothing(100)]);
    read = [];
    seek([503, 504]);
    assert.equal(pidOf(504), 120);
    assert.ok(read.length <= 3 && !read.includes('120/2'), read.join(' '));
    process(120, [0, 504, 505, 503, ...nothing(100)]);
    process(130, [0, 602, ...nothing(100)]);
    read = [];
    seek([503, 504, 505, 602]);
    assert.deepEqual([pidOf(505), pidOf(602)], [120, 130]);
    assert.deepEqual(read.sort(), ['120/2', '130/1']);
  });

  it('does not try for ever where nothing new comes', () => {
    process(120, [501, 0]);
    seek([501]);
    process(120, [0, 0]);
    for (let count = 0; count < 5; count++) {
      clock += 5000;
      seek([999]);
    }
    read = [];
    clock += 5000;
    seek([999]);
    assert.deepEqual(read.sort(), ['120/0', '120/1'], 'each once, in the round');
  });

  it('looks in processes that have just come before all others, and in those of the namespace before those of others', () => {
    for (let pid = 100; pid < 200; pid++) process(pid, nothing(20), { netns: pid % 2 === 0 ? HERE : THERE });
    process(500, [0, 0, 501]);
    process(110, [0, 502], { netns: HERE });
    seek([501, 502]);
    assert.deepEqual([pidOf(501), pidOf(502)], [500, 110]);
    assert.ok(!read.some((path) => Number(path.split('/')[0]) % 2 === 1), 'none of another namespace');
    process(300, [0, 503]);
    read = [];
    seek([501, 502, 503]);
    assert.equal(pidOf(503), 300);
    assert.ok(read.length < 10, read.join(' '));
    // And who has it although it lives elsewhere is found in the end.
    process(101, [504], { netns: THERE });
    seek([501, 502, 503, 504]);
    assert.equal(pidOf(504), 101);
  });

  it('gives each namespace a round of its own', () => {
    for (let pid = 100; pid < 120; pid++) process(pid, nothing(100), { netns: HERE });
    for (let pid = 200; pid < 220; pid++) process(pid, nothing(100), { netns: THERE });
    process(100, [501], { netns: HERE });
    process(200, [601], { netns: THERE });
    for (let count = 0; count < 40; count++) {
      seek([601], 2, THERE);
      const found = pidOf(601);
      seek([501], 2, HERE);
      if (found === 200 && pidOf(501) === 100) break;
    }
    assert.equal(pidOf(501), 100);
    seek([601], 2, THERE);
    assert.equal(pidOf(601), 200);
    assert.equal(pidOf(501), null, 'of the other namespace');
    assert.ok(clock < 4900, 'before it would be looked for again');
  });

  it('stops when the budget is spent, and goes on there the next time', () => {
    for (let pid = 100; pid < 200; pid++) process(pid, nothing(100));
    process(150, [501]);
    let seeks = 1;
    while (!seek([501], 10) && seeks < 100) seeks++;
    assert.equal(pidOf(501), 150);
    assert.ok(seeks > 2 && seeks < 20, `${seeks} times`);
  });

  it('goes on in the middle of a process with many descriptors', () => {
    process(10, [501, ...nothing(5000)]);
    let seeks = 1;
    while (!seek([501], 10) && seeks < 100) seeks++;
    assert.equal(pidOf(501), 10);
    assert.ok(seeks > 2 && seeks < 20, `${seeks} times`);
  });

  it('goes on in the middle of one although others are asked in between', () => {
    process(10, [501, ...nothing(5000)]);
    process(11, [201, ...nothing(50)]);
    seek([201]);
    let seeks = 1;
    while (pidOf(501) === null && seeks < 100) {
      process(11, [201, 300 + seeks, ...nothing(50)]);
      process(1000 + seeks, nothing(3));
      seek([201, 300 + seeks, 501], 10);
      seeks++;
    }
    assert.equal(pidOf(501), 10);
    assert.ok(seeks > 2 && seeks < 30, `${seeks} times`);
  });

  it('does not look at every tick for a socket that nobody holds', () => {
    process(10, [101]);
    seek([999]);
    read = [];
    seek([999]);
    assert.deepEqual(read, []);
    clock += 5000;
    process(10, [101, 999]);
    seek([999]);
    assert.equal(pidOf(999), 10);
  });

  it('is not kept from its own by new processes of other namespaces, however many', () => {
    process(10, [0, 101]);
    seek([101]);
    process(11, [0, 201]);
    for (let round = 1; round <= 5; round++) {
      for (let count = 0; count < 200; count++) links[`${round * 1000 + count}/ns/net`] = `net:[${THERE}]`;
      seek([101, 201], 1);
    }
    assert.equal(pidOf(201), 11);
  });

  it('sees within a second that a holder has ended whose many sockets somebody else has', () => {
    const all = nothing(1000).map((_, index) => 1000 + index);
    process(10, all);
    seek(all);
    assert.equal(pidOf(1999), 10);
    process(11, all);
    clock += 1000;
    seek(all);
    assert.equal(pidOf(1999), 10, 'it has them still');
    process(10, []);
    delete files['10/stat'];
    delete links['10/ns/net'];
    clock += 1000;
    seek(all);
    assert.deepEqual([pidOf(1000), pidOf(1999)], [11, 11]);
  });

  it('takes no child for the holder for long that had its parent’s sockets until exec()', () => {
    const all = nothing(1000).map((_, index) => 1000 + index);
    process(10, all);
    seek(all);
    for (let pid = 100; pid < 120; pid++) process(pid, [5000 + pid]);
    all.push(...nothing(20).map((_, index) => 5100 + index));
    seek(all);
    process(10, [...all.slice(0, 1000), 2000]);
    process(500, [...all.slice(0, 1000), 2000]);
    seek([...all, 2000]);
    assert.equal(pidOf(2000), 500, 'first found there');
    process(500, [0]);
    clock += 1000;
    seek([...all, 2000]);
    assert.equal(pidOf(2000), 10);
  });

  it('goes on with what it had no time for, and says what it found then', () => {
    for (let pid = 100; pid < 200; pid++) process(pid, nothing(100));
    process(150, [501, 502]);
    assert.equal(seek([501, 502], 1), false);
    let found: ReadonlyMap<number, number> = new Map();
    for (let count = 0; count < 100 && found.size === 0; count++) found = holders.goOn(HERE, 10, 100);
    assert.deepEqual(
      [...found].map(([inode, program]) => [inode, holders.program(program)?.pid]),
      [
        [501, 150],
        [502, 150],
      ],
    );
    assert.equal(seek([501, 502], 1), true);
    read = [];
    assert.equal(holders.goOn(HERE, 10, 100).size, 0);
    assert.deepEqual(read, []);
  });

  it('sees that a socket was passed on, that its holder has ended, and that the pid is another process now', () => {
    process(10, [101, 102, 103]);
    seek([101, 102, 103]);
    process(11, [101]);
    process(10, [0, 102, 103]);
    clock += 1000;
    seek([101, 102, 103]);
    assert.equal(pidOf(101), 11);
    const before = holders.holderOf(102);
    process(10, [0, 102, 103], { startTime: 77 });
    clock += 1000;
    seek([101, 102, 103]);
    assert.equal(pidOf(102), 10);
    assert.notEqual(holders.holderOf(102), before);
    delete files['10/stat'];
    process(10, []);
    delete files['10/stat'];
    clock += 1000;
    seek([101, 102]);
    assert.equal(pidOf(102), null);
  });

  it('checks a few a second, however often it is asked', () => {
    process(
      10,
      nothing(200).map((_, index) => 1000 + index),
    );
    const all = nothing(200).map((_, index) => 1000 + index);
    seek(all);
    clock += 1000;
    read = [];
    for (let count = 0; count < 10; count++) {
      clock += 100;
      seek(all);
    }
    assert.ok(read.length >= 64 && read.length <= 130, `${read.length}`);
    assert.equal(new Set(read).size, read.length, 'in turn');
  });

  it('remembers no endless number of sockets', () => {
    const inodes = Array.from({ length: 210_000 }, (_, index) => 1000 + index);
    seek(inodes, Number.POSITIVE_INFINITY);
    process(10, inodes.slice(-10));
    clock += 1000;
    seek(inodes, Number.POSITIVE_INFINITY);
    assert.equal(pidOf(inodes.at(-1) as number), null, 'no room for it');
    seek(inodes.slice(-10), Number.POSITIVE_INFINITY, THERE);
    assert.equal(pidOf(inodes.at(-1) as number), 10, 'but for those of another namespace');
  });

  it('says whose descriptors it may not read', () => {
    process(1, []);
    process(10, [101]);
    process(11, [201]);
    refused.add('11/fd');
    seek([101, 201]);
    assert.deepEqual([pidOf(101), pidOf(201), holders.seesAll], [10, null, false]);
    refused.clear();
    clock += 5000;
    seek([101, 201]);
    assert.deepEqual([pidOf(201), holders.seesAll], [11, true]);
  });
  it('knows by the first process that others are not even listed (hidepid=2)', () => {
    process(10, [101]);
    seek([101]);
    assert.equal(holders.seesAll, false);
  });
});
