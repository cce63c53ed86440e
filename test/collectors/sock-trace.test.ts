import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { TraceSink } from '../../agent/model/trace-events.ts';
import type { TraceFiles } from '../../agent/model/trace-files.ts';
import { Programs } from '../../collectors/programs.ts';
import { SockTrace } from '../../collectors/sock-trace.ts';
import { TraceTaskBook } from '../../collectors/trace-tasks.ts';
import { fakeHost } from '../support/fake-host.ts';
import { replayLibc } from '../support/replay-libc.ts';
import { type Entry, HEADER_PAGE, record, tracePage } from '../support/trace-page.ts';

const EAGAIN = 11;
const [STATE, CONNECT, BIND, NEW_TASK, END] = [1, 2, 3, 4, 5];
/** Enough for a page to be full. */
const PAGE_RECORDS = 45;

const format = (id: number, fields: Record<string, readonly [offset: number, size: number]>) =>
  [
    `ID: ${id}`,
    ...Object.entries(fields).map(
      ([name, [offset, size]]) => `\tfield:int ${name};\toffset:${offset};\tsize:${size};\tsigned:0;`,
    ),
  ].join('\n');

const FORMATS: Readonly<Record<string, string>> = {
  'events/header_page': HEADER_PAGE,
  'events/sock/inet_sock_set_state/format': format(STATE, {
    skaddr: [8, 8],
    oldstate: [16, 4],
    newstate: [20, 4],
    sport: [24, 2],
    dport: [26, 2],
    saddr_v6: [40, 16],
    daddr_v6: [56, 16],
  }),
  'events/syscalls/sys_exit_connect/format': format(CONNECT, { ret: [8, 8] }),
  'events/syscalls/sys_exit_bind/format': format(BIND, { ret: [8, 8] }),
  'events/task/task_newtask/format': format(NEW_TASK, { pid: [8, 4], clone_flags: [32, 8] }),
  'events/sched/sched_process_exit/format': format(END, { comm: [8, 16], pid: [24, 4] }),
};

function state(tid: number, socket: number, from: number, to: number, port: number, flags = 0): Uint8Array {
  const bytes = new Uint8Array(72);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, STATE, true);
  view.setUint8(2, flags);
  view.setInt32(4, tid, true);
  view.setUint32(8, socket, true);
  view.setInt32(16, from, true);
  view.setInt32(20, to, true);
  view.setUint16(24, port, true);
  view.setUint16(26, 8080, true);
  return bytes;
}

describe('SockTrace', () => {
  let now: number;
  let written: Map<string, string>;
  let instances: Set<string>;
  let refuses: (path: string) => boolean;
  let buffers: Uint8Array[][];
  let closed: number[];
  let told: string[];
  let formats: Record<string, string>;
  const sink: TraceSink = {
    connecting: (socket, _, __, bound) => told.push(`connecting ${socket} ${bound}`),
    established: (socket, _, port) => told.push(`established ${socket} ${port}`),
    failed: (socket, _, port) => told.push(`failed ${socket} ${port}`),
    closed: (_, port, closer) => told.push(`closed ${port} ${closer}`),
    refused: (_, errno) => told.push(`refused ${errno}`),
    broken: (mode) => told.push(`broken ${mode}`),
  };
  const filter = () => written.get('events/sock/inet_sock_set_state/filter') ?? '';

  beforeEach(() => {
    now = 1000;
    written = new Map();
    instances = new Set();
    refuses = () => false;
    buffers = [[], []];
    closed = [];
    told = [];
    formats = { ...FORMATS };
  });

  /** ms that pass whenever somebody looks at the clock, and that this thread has worked. */
  let waits = 0;
  let worked = 0;
  function start(): SockTrace {
    const inside = (path: string) => path.replace(/^instances\/lastport-7-70\//, '');
    const files: TraceFiles = {
      readText: (path) => formats[path] ?? assert.fail(path),
      write(path, text) {
        if (refuses(path)) throw new Error(`EACCES: ${path}`);
        written.set(inside(path), text);
      },
      list: (path) => (path === 'instances' ? [...instances] : ['cpu0', 'cpu1']),
      makeDirectory: (path) => void instances.add(path.slice('instances/'.length)),
      removeDirectory: (path) => void instances.delete(path.slice('instances/'.length)),
      open: (path) => Number(/cpu(\d)/.exec(path)?.[1]) + 100,
      close: (fd) => void closed.push(fd),
    };
    let errno = 0;
    const { libc } = replayLibc(() => [], {
      read: (fd, into) => {
        const page = buffers[fd - 100]?.shift();
        if (page === undefined) {
          errno = EAGAIN;
          return -1;
        }
        into.set(page);
        return page.length;
      },
      errno: () => errno,
    });
    const host = fakeHost({ '5/status': 'Tgid:\t5\n' });
    return new SockTrace({
      files,
      libc,
      tasks: new TraceTaskBook(host, new Programs(host)),
      identity: '7-70',
      isRunning: (identity) => identity === '8-80',
      monotonic: () => {
        now += waits;
        return now;
      },
      cpu: () => worked,
      originMs: 0,
    });
  }

  /** In ns of the trace's clock, which shows the same time as `now`. */
  const page = (atMs: number, entries: readonly Uint8Array[], lost: number | null = null) =>
    tracePage(
      atMs * 1e6,
      entries.map((data): Entry => ({ delta: 1000, data })),
      lost,
    );

  it('sets up an instance of its own, filtered, and removes those of Lastports that were killed', () => {
    instances = new Set(['lastport-6-60', 'lastport-8-80', 'lastport-7-70', 'somebody']);
    start();
    assert.deepEqual([...instances].sort(), ['lastport-7-70', 'lastport-8-80', 'somebody']);
    assert.equal(written.get('trace_clock'), 'mono');
    assert.equal(written.get('events/syscalls/sys_exit_connect/filter'), 'ret == -99 || ret == -98');
    assert.equal(written.get('events/sock/inet_sock_set_state/enable'), '1');
    assert.match(
      filter(),
      /^protocol == 6 && dport != 0 && \(newstate == 2 \|\| oldstate == 2 \|\| \(oldstate == 1 && /,
    );
  });

  it('follows the closes of the ports it is told', () => {
    const trace = start();
    trace.follow(32768, 60999);
    assert.match(filter(), /sport >= 32768 && sport <= 60999/);
  });

  it('leaves nothing behind where something is refused, and says what', () => {
    refuses = (path) => path.endsWith('trace_clock');
    assert.throws(start, /Cannot set trace_clock of tracefs: EACCES/);
    assert.deepEqual([...instances], []);
    formats['events/sock/inet_sock_set_state/format'] = format(STATE, { skaddr: [8, 8] });
    refuses = () => false;
    assert.throws(start, /this kernel's records have no oldstate/);
    assert.deepEqual([...instances], []);
  });

  it('tells in the order of time what two processors have written, and nothing before its time', () => {
    const trace = start();
    buffers[0] = [page(500, [state(5, 1, 7, 2, 0)]), page(503, [state(5, 1, 1, 4, 40000)])];
    buffers[1] = [page(501, [state(9, 1, 2, 1, 40000, 0x10)]), page(1001, [state(5, 2, 7, 2, 40001)])];
    trace.drain(sink);
    assert.deepEqual(told.splice(0), ['connecting 1 0', 'established 1 40000', 'closed 40000 here']);
    now = 1002;
    trace.drain(sink);
    assert.deepEqual(told, ['connecting 2 40001']);
    assert.deepEqual(trace.health, { mode: 'all', events: 4, lostEvents: 0 });
  });

  it('tells who closed first: of resets, the peer where they come by interrupt', () => {
    const trace = start();
    const closes = [state(5, 1, 1, 4, 1), state(5, 2, 1, 8, 2, 0x10), state(5, 3, 1, 7, 3), state(5, 4, 1, 7, 4, 0x10)];
    buffers[0] = [page(500, [...closes, state(5, 5, 2, 7, 0)])];
    trace.drain(sink);
    assert.deepEqual(told, ['closed 1 here', 'closed 2 there', 'closed 3 here', 'closed 4 there', 'failed 5 0']);
  });

  it('tells what connect() and bind() were refused', () => {
    const trace = start();
    buffers[0] = [page(500, [record(CONNECT, 5, -99), record(BIND, 5, -98), record(77, 5)])];
    trace.drain(sink);
    assert.deepEqual(told, ['refused 99', 'refused 98']);
  });

  it('follows only the opens for a minute when events were lost, and says so', () => {
    const trace = start();
    buffers[0] = [page(500, [state(5, 1, 7, 2, 0)], 12)];
    trace.drain(sink);
    assert.deepEqual(told.splice(0), ['broken all', 'connecting 1 0', 'broken opens']);
    assert.deepEqual(trace.health, { mode: 'opens', events: 1, lostEvents: 12 });
    assert.doesNotMatch(filter(), /oldstate == 1/);
    for (now = 5000; now < 60_000; now += 5000) trace.drain(sink);
    assert.equal(trace.health.mode, 'opens');
    for (; now < 70_000; now += 5000) trace.drain(sink);
    assert.equal(trace.health.mode, 'all');
    assert.deepEqual(told, ['broken all']);
    assert.match(filter(), /oldstate == 1/);
  });

  it('takes no waiting for the processor for a cost', () => {
    waits = 0;
    const trace = start();
    waits = 400;
    for (let reading = 0; reading < 20; reading++) trace.drain(sink);
    assert.equal(trace.health.mode, 'all');
    waits = 0;
    for (let reading = 0; reading < 20; reading++) {
      now += 1000;
      trace.drain(sink);
      worked += 150;
    }
    assert.equal(trace.health.mode, 'all', 'what others do between is none either');
  });

  it('follows only the opens when all would cost too much', () => {
    const trace = start();
    const full = () => page(now - 1, new Array<Uint8Array>(PAGE_RECORDS).fill(state(5, 1, 7, 2, 0)));
    // 60 pages a second are 2,700 records, which is little; 2,400 are too much.
    for (; now < 8000; now += 1000) {
      buffers[0] = Array.from({ length: 60 }, full);
      trace.drain(sink);
    }
    assert.equal(trace.health.mode, 'all');
    for (; now < 16_000; now += 1000) {
      buffers[0] = Array.from({ length: 2400 }, full);
      trace.drain(sink);
    }
    assert.equal(trace.health.mode, 'opens');
    assert.equal(trace.health.lostEvents, 0);
  });

  it('closes what it opened', () => {
    start().close();
    assert.deepEqual(closed, [100, 101]);
    assert.deepEqual([...instances], []);
  });
});
