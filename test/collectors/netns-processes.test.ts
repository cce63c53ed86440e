import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { NetnsProcesses } from '../../collectors/netns-processes.ts';
import { fakeHost } from '../support/fake-host.ts';

describe('NetnsProcesses', () => {
  const files: Record<string, string> = {};
  const links: Record<string, string> = {};
  let listings: number;
  let asked: number;
  let processes: NetnsProcesses;

  /** `mark`: what /proc/loadavg says of processes; null: it says nothing. */
  const present = (inodeByPid: Record<number, number>, mark: string | null) => {
    for (const path of Object.keys(links)) delete links[path];
    for (const [pid, inode] of Object.entries(inodeByPid)) links[`${pid}/ns/net`] = `net:[${inode}]`;
    delete files['loadavg'];
    if (mark !== null) files['loadavg'] = `0.20 0.18 0.12 1/${mark}\n`;
  };

  const found = () => Object.fromEntries(processes.read().pids);

  beforeEach(() => {
    const host = fakeHost(files, links);
    listings = 0;
    asked = 0;
    processes = new NetnsProcesses({
      ...host,
      list: (path) => {
        listings++;
        return host.list(path);
      },
      readLink: (path) => {
        asked++;
        return host.readLink(path);
      },
    });
  });

  it('finds the lowest pid of each, and forgets what has gone', () => {
    present({ 9: 1, 10: 1, 12: 2 }, null);
    assert.deepEqual(found(), { 1: 9, 2: 12 });
    present({ 10: 1 }, null);
    assert.deepEqual(found(), { 1: 10 });
  });

  it('lists them again when one seems to have come or gone, else seldom, and then gives the same answer', () => {
    present({ 9: 1 }, '80 9');
    for (let search = 0; search < 5; search++) processes.read();
    assert.equal(listings, 1);
    assert.equal(processes.read(), processes.read());
    present({ 9: 1, 10: 2 }, '81 10');
    assert.deepEqual(found(), { 1: 9, 2: 10 });
    assert.equal(listings, 2);
    for (let search = 0; search < 11; search++) processes.read();
    assert.equal(listings, 3);
  });

  it('asks a few of those that have settled, in turn', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [100 + index, 1]));
    present(many, '80 139');
    for (let search = 0; search < 5; search++) processes.read();
    asked = 0;
    processes.read();
    assert.equal(asked, 4);
    // One of them has unshared: seen when its turn comes.
    present({ ...many, 120: 7 }, '80 139');
    let searches = 0;
    while (found()[7] === undefined && searches < 100) searches++;
    assert.ok(searches < 11, `${searches} searches`);
  });
});
