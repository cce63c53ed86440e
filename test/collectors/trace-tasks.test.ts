import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Programs } from '../../collectors/programs.ts';
import { TraceTaskBook } from '../../collectors/trace-tasks.ts';
import { fakeHost } from '../support/fake-host.ts';

const API = '0::/system.slice/api.service\n';

describe('TraceTaskBook', () => {
  let files: Record<string, string>;
  let links: Record<string, string>;
  let programs: Programs;
  let tasks: TraceTaskBook;
  const who = (task: number) => {
    const { pid, command, unit } = programs.at(tasks.programOf(task)) ?? {};
    return [pid, command, unit, tasks.netnsOf(task)];
  };
  const live = (tid: number, pid: number, comm: string, { startTime = 5, netns = 99, cgroup = API } = {}) => {
    files[`${tid}/status`] = `Name:\t${comm}\nTgid:\t${pid}\n`;
    files[`${pid}/stat`] = `${pid} (${comm}) S 1 ${'0 '.repeat(17)}${startTime} 0\n`;
    files[`${pid}/cgroup`] = cgroup;
    links[`${tid}/ns/net`] = `net:[${netns}]`;
  };
  const die = (tid: number) => {
    for (const path of Object.keys(files)) if (path.startsWith(`${tid}/`)) delete files[path];
    delete links[`${tid}/ns/net`];
  };

  beforeEach(() => {
    files = {};
    links = {};
    const host = fakeHost(files, links);
    programs = new Programs(host);
    tasks = new TraceTaskBook(host, programs);
  });

  it('knows the process of a thread that lives, and its network namespace, soon also where it moves to', () => {
    live(51, 50, 'go-api');
    const task = tasks.number(51);
    assert.deepEqual([tasks.programOf(task), tasks.netnsOf(task)], [0, 0], 'not before it was looked at');
    tasks.identify();
    assert.deepEqual(who(task), [50, 'go-api', 'api.service', 99]);
    links['51/ns/net'] = 'net:[100]';
    for (let times = 0; times < 16; times++) {
      assert.equal(tasks.number(51), task);
      tasks.identify();
    }
    assert.equal(tasks.netnsOf(task), 100);
  });

  it('knows one that has gone by its name and its parent, many of them as one', () => {
    live(10, 10, 'sh');
    const seen = [20, 21].map((tid) => {
      tasks.born(tid, 10, false);
      const task = tasks.number(tid);
      tasks.ended(tid, 'curl');
      return task;
    });
    tasks.identify();
    assert.deepEqual(seen.map(who), [
      [null, 'curl', 'api.service', 0],
      [null, 'curl', 'api.service', 0],
    ]);
    assert.equal(tasks.programOf(seen[0]!), tasks.programOf(seen[1]!));
    assert.notEqual(seen[0], seen[1]);
  });

  it('knows one whose end comes only with the next batch', () => {
    live(10, 10, 'sh');
    tasks.born(20, 10, false);
    const task = tasks.number(20);
    tasks.identify();
    assert.equal(tasks.programOf(task), 0);
    tasks.ended(20, 'curl');
    tasks.identify();
    assert.deepEqual(who(task), [null, 'curl', 'api.service', 0]);
  });

  it('does not take a process for the one that had its pid before', () => {
    live(10, 10, 'sh');
    tasks.born(20, 10, false);
    const first = tasks.number(20);
    tasks.ended(20, 'curl');
    tasks.born(20, 10, false);
    const second = tasks.number(20);
    live(20, 20, 'wget');
    tasks.identify();
    assert.notEqual(first, second);
    assert.deepEqual([who(first)[1], who(second)[1]], ['curl', 'wget']);
  });

  it('takes whoever has an id after its end for another, be its birth seen or not', () => {
    const first = tasks.number(20);
    tasks.ended(20, 'curl');
    assert.notEqual(tasks.number(20), first);
  });

  it('knows the process of a thread that has gone before it', () => {
    live(50, 50, 'java');
    tasks.born(51, 50, true);
    tasks.born(52, 51, true);
    const task = tasks.number(52);
    tasks.ended(52, 'pool-1');
    tasks.ended(51, 'pool-0');
    tasks.identify();
    assert.deepEqual(who(task).slice(0, 3), [50, 'java', 'api.service']);
  });

  it('knows a thread whose whole process has gone, by that process', () => {
    live(10, 10, 'sh');
    tasks.born(50, 10, false);
    tasks.born(51, 50, true);
    const task = tasks.number(51);
    tasks.ended(51, 'worker');
    tasks.ended(50, 'app');
    tasks.identify();
    assert.deepEqual(who(task).slice(0, 3), [null, 'app', 'api.service']);
  });

  it('finds the nearest that lives where parents have gone, too', () => {
    live(10, 10, 'sh');
    let parent = 10;
    for (let tid = 1000; tid < 3000; tid++) {
      tasks.born(tid, parent, false);
      if (parent !== 10) tasks.ended(parent, 'sh');
      parent = tid;
    }
    const task = tasks.number(parent);
    tasks.ended(parent, 'curl');
    tasks.identify();
    assert.deepEqual(who(task).slice(0, 3), [null, 'curl', 'api.service']);
  });

  it('keeps who it knew when the process goes, and forgets ids when events were lost', () => {
    live(30, 30, 'node');
    const task = tasks.number(30);
    tasks.identify();
    die(30);
    tasks.forget();
    live(30, 30, 'other', { startTime: 6 });
    const other = tasks.number(30);
    tasks.identify();
    assert.notEqual(task, other);
    assert.deepEqual([who(task)[1], who(other)[1]], ['node', 'other']);
  });
});
