import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { SocketHolders } from '../../collectors/proc-fd.ts';
import { Programs } from '../../collectors/programs.ts';
import { fakeHost } from '../support/fake-host.ts';

describe('SocketHolders', () => {
  let files: Record<string, string>;
  let links: Record<string, string>;
  let refused: Set<string>;
  let clock: number;
  let readLinks: number;
  let holders: SocketHolders;

  /** A process with these descriptors: an inode is a socket, 0 is something else. */
  const process = (pid: number, inodes: readonly number[], startTime = 1) => {
    files[`${pid}/stat`] = `${pid} (p${pid}) S 1 ${'0 '.repeat(17)}${startTime} 1000\n`;
    for (const path of Object.keys(links)) if (path.startsWith(`${pid}/`)) delete links[path];
    for (const [fd, inode] of inodes.entries())
      links[`${pid}/fd/${fd}`] = inode === 0 ? '/dev/null' : `socket:[${inode}]`;
  };
  const pidOf = (inode: number) => holders.program(holders.holderOf(inode))?.pid ?? null;

  beforeEach(() => {
    [files, links, refused, clock, readLinks] = [{}, {}, new Set(), 0, 0];
    const host = fakeHost(files, links);
    const watched = {
      ...host,
      list(path: string) {
        if (refused.has(path)) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
        return path === '.'
          ? [...new Set(Object.keys(files).map((name) => name.split('/')[0]!)), 'self']
          : host.list(path);
      },
      readLink(path: string) {
        readLinks++;
        clock += 0.01;
        return host.readLink(path);
      },
    };
    holders = new SocketHolders(watched, new Programs(watched), () => clock);
  });

  it('finds who holds a socket, and looks for nothing that it knows or that is none', () => {
    process(10, [0, 101, 102]);
    process(11, [201, 0]);
    assert.equal(holders.seek([101, 0, 201], 100), true);
    assert.deepEqual([pidOf(101), pidOf(201), pidOf(102)], [10, 11, null]);
    readLinks = 0;
    holders.seek([101, 201, 0], 100);
    assert.equal(readLinks, 2, 'only to see whether they still do');
  });

  it('looks first where others were found', () => {
    for (let pid = 100; pid < 150; pid++)
      process(
        pid,
        Array.from({ length: 20 }, () => 0),
      );
    process(120, [501]);
    holders.seek([501], 100);
    process(120, [501, 502]);
    readLinks = 0;
    holders.seek([501, 502], 100);
    assert.equal(pidOf(502), 120);
    assert.ok(readLinks <= 4, `${readLinks} links`);
  });

  it('stops when the budget is spent, and goes on there the next time', () => {
    for (let pid = 100; pid < 200; pid++)
      process(
        pid,
        Array.from({ length: 100 }, () => 0),
      );
    process(150, [501]);
    let seeks = 1;
    while (!holders.seek([501], 10) && seeks < 100) seeks++;
    assert.equal(pidOf(501), 150);
    assert.ok(seeks > 2 && seeks < 20, `${seeks} times`);
  });

  it('goes on in the middle of a process with many descriptors', () => {
    process(10, [501, ...Array.from({ length: 5000 }, () => 0)]);
    let seeks = 1;
    while (!holders.seek([501], 10) && seeks < 100) seeks++;
    assert.equal(pidOf(501), 10);
    assert.ok(seeks > 2 && seeks < 20, `${seeks} times`);
  });

  it('does not look at every tick for a socket that nobody holds', () => {
    process(10, [101]);
    holders.seek([999], 100);
    readLinks = 0;
    holders.seek([999], 100);
    assert.equal(readLinks, 0);
    clock += 5000;
    process(10, [101, 999]);
    holders.seek([999], 100);
    assert.equal(pidOf(999), 10);
  });

  it('sees that a socket was passed on, that its holder has ended, and that the pid is another process now', () => {
    process(10, [101, 102, 103]);
    holders.seek([101, 102, 103], 100);
    process(11, [101]);
    process(10, [0, 102, 103]);
    holders.seek([101, 102, 103], 100);
    assert.equal(pidOf(101), 11);
    const before = holders.holderOf(102);
    process(10, [0, 102, 103], 77);
    holders.seek([101, 102, 103], 100);
    assert.equal(pidOf(102), 10);
    assert.notEqual(holders.holderOf(102), before);
    delete files['10/stat'];
    process(10, []);
    delete files['10/stat'];
    holders.seek([101, 102], 100);
    assert.equal(pidOf(102), null);
  });

  it('says whose descriptors it may not read', () => {
    process(10, [101]);
    process(11, [201]);
    refused.add('11/fd');
    holders.seek([101, 201], 100);
    assert.deepEqual([pidOf(101), pidOf(201), holders.seesAll], [10, null, false]);
    refused.clear();
    clock += 5000;
    holders.seek([101, 201], 100);
    assert.deepEqual([pidOf(201), holders.seesAll], [11, true]);
  });
});
