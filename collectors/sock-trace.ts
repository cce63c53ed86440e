import { MAPPED_WORD } from '../agent/model/address.ts';
import { destinationSignature, foldWord } from '../agent/model/socket-table.ts';
import { CLOSE_WAIT, ESTABLISHED, FIN_WAIT1, SYN_SENT } from '../agent/model/state.ts';
import type { TraceHealth, TraceMode, TraceSink } from '../agent/model/trace-events.ts';
import type { TraceFiles } from '../agent/model/trace-files.ts';
import { type Libc, SystemError } from './libc.ts';
import { CLONED, ENDED, FORKED, REFUSED, STATE, TraceBatch } from './trace-batch.ts';
import { parseHeaderPage, parseTraceFormat, type TraceFormat, TracePage } from './trace-codec.ts';
import type { TraceTaskBook } from './trace-tasks.ts';

const INSTANCES = 'instances';
const PREFIX = 'lastport-';
const EVENTS = [
  'task/task_newtask',
  'sched/sched_process_exit',
  'syscalls/sys_exit_connect',
  'syscalls/sys_exit_bind',
  'sock/inet_sock_set_state',
];
const PROTOCOL_TCP = 6;
const EADDRINUSE = 98;
const EADDRNOTAVAIL = 99;
const EAGAIN = 11;
const EINTR = 4;
const CLONE_THREAD = 0x10000;
/** TRACE_FLAG_HARDIRQ | TRACE_FLAG_SOFTIRQ: not in the thread whose id the record has. */
const IN_INTERRUPT = 0x18;

/** Of kernel memory, all processors together. */
const BUFFERS_KIB = 32 * 1024;
const BUFFER_LEAST_KIB = 256;
const BUFFER_MOST_KIB = 4096;
/** Taken in at a time; the rest waits in the kernel's buffers for the next time. */
const BATCH_EVENTS = 1 << 17;

/** Of a core: what reading all may cost before only the opens are followed. */
const MOST_SHARE = 0.1;
/** What the kernel spends on one record, and this program on taking it in besides its reading. */
const RECORD_MS = 0.0015;
const WINDOW_MS = 3000;
const OPENS_FOR_MS = 60_000;
/** Records of a connection that is followed to its end. */
const RECORDS_OF_ALL = 3;

export interface SockTraceParts {
  readonly files: TraceFiles;
  readonly libc: Libc;
  readonly tasks: TraceTaskBook;
  /** What no two programs share: pid and start time, "123-456". */
  readonly identity: string;
  /** Whether the program that has or had that identity still runs. */
  readonly isRunning: (identity: string) => boolean;
  readonly monotonic: () => number;
  /** How long this thread has had a processor, in ms: on a busy host it waits for one, which costs nobody anything. */
  readonly cpu: () => number;
  /** What CLOCK_MONOTONIC shows when `monotonic` shows 0, in ms. */
  readonly originMs: number;
}

type FieldsOf<Names extends string> = Readonly<Record<Names, number>>;

/**
 * Follows every TCP connection of the host, of all network namespaces, by the kernel's own trace (tracefs, an instance of
 * its own): inet_sock_set_state (include/trace/events/sock.h) tells who connects where and from which port, and which
 * side closes; sys_exit_connect and sys_exit_bind which of them failed for want of a port; task_newtask and sched_process_exit whose a
 * thread was that has gone. Nothing here waits.
 */
export class SockTrace {
  mode: TraceMode = 'all';
  private readonly directory: string;
  private readonly parts: SockTraceParts;
  private readonly page: TracePage;
  private readonly batch: TraceBatch;
  private readonly descriptors: number[] = [];
  private readonly stateId: number;
  private readonly state: FieldsOf<'skaddr' | 'oldstate' | 'newstate' | 'sport' | 'dport' | 'saddr_v6' | 'daddr_v6'>;
  private readonly connectId: number;
  private readonly bindId: number;
  private readonly exit: FieldsOf<'ret'>;
  private readonly newTaskId: number;
  private readonly newTask: FieldsOf<'pid' | 'clone_flags'>;
  private readonly endId: number;
  private readonly end: FieldsOf<'pid' | 'comm'>;
  private events = 0;
  private lostEvents = 0;
  private ports = { low: 1, high: 65535 };
  private window: { at: number; spentMs: number; events: number };
  private changedAt: number;

  /** Sets it all up and begins. @throws Error saying what of it this kernel or this process cannot do. */
  constructor(parts: SockTraceParts) {
    const { files, monotonic } = parts;
    this.parts = parts;
    this.directory = `${INSTANCES}/${PREFIX}${parts.identity}`;
    this.window = { at: monotonic(), spentMs: 0, events: 0 };
    this.changedAt = monotonic();
    this.sweep();
    this.doing('make an instance of tracefs', () => files.makeDirectory(this.directory));
    try {
      this.page = new TracePage(parseHeaderPage(files.readText('events/header_page')));
      this.batch = new TraceBatch(BATCH_EVENTS);
      const state = this.format('sock/inet_sock_set_state');
      this.stateId = state.id;
      this.state = offsets(state, 'skaddr', 'oldstate', 'newstate', 'sport', 'dport', 'saddr_v6', 'daddr_v6');
      const connect = this.format('syscalls/sys_exit_connect');
      this.connectId = connect.id;
      this.bindId = this.format('syscalls/sys_exit_bind').id;
      this.exit = offsets(connect, 'ret');
      const newTask = this.format('task/task_newtask');
      this.newTaskId = newTask.id;
      this.newTask = offsets(newTask, 'pid', 'clone_flags');
      const end = this.format('sched/sched_process_exit');
      this.endId = end.id;
      this.end = offsets(end, 'pid', 'comm');
      this.begin();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get health(): TraceHealth {
    return { mode: this.mode, events: this.events, lostEvents: this.lostEvents };
  }

  /** The local ports whose closes are followed: with those of the services, a server would trace every client of its own. */
  follow(low: number, high: number): void {
    const { ports } = this;
    if (ports.low === low && ports.high === high) return;
    this.ports = { low, high };
    this.filter();
  }

  /** Takes in what has happened up to now. @throws Error if it cannot be read any more. */
  drain(sink: TraceSink): void {
    const { monotonic, cpu, originMs, tasks } = this.parts;
    const { batch } = this;
    const start = cpu();
    // What is written later by one processor may belong before what another one's buffer has shown already.
    let until = (monotonic() + originMs) * 1e6;
    const lostBefore = this.lostEvents;
    const kept = batch.count;
    for (const fd of this.descriptors) until = Math.min(until, this.read(fd));
    const lost = this.lostEvents - lostBefore;
    const read = batch.count - kept;
    this.events += read;
    if (lost > 0) {
      tasks.forget();
      sink.broken(this.mode);
    }
    batch.order(until);
    this.meet();
    tasks.identify();
    this.tell(sink);
    batch.drop();
    this.watch(start, read, lost > 0, sink);
  }

  close(): void {
    const { files } = this.parts;
    for (const fd of this.descriptors.splice(0)) files.close(fd);
    removeInstance(files, this.directory);
  }

  private begin(): void {
    const { files } = this.parts;
    const write = (path: string, text: string) =>
      this.doing(`set ${path} of tracefs`, () => files.write(`${this.directory}/${path}`, text));
    const processors = files.list(`${this.directory}/per_cpu`);
    const kib = Math.round(BUFFERS_KIB / processors.length);
    write('buffer_size_kb', String(Math.min(BUFFER_MOST_KIB, Math.max(BUFFER_LEAST_KIB, kib))));
    write('trace_clock', 'mono');
    for (const processor of processors) {
      const path = `${this.directory}/per_cpu/${processor}/trace_pipe_raw`;
      this.descriptors.push(this.doing('read the trace', () => files.open(path)));
    }
    this.filter();
    write('events/syscalls/sys_exit_connect/filter', `ret == -${EADDRNOTAVAIL} || ret == -${EADDRINUSE}`);
    // Who binds port 0 before connect() is refused there.
    write('events/syscalls/sys_exit_bind/filter', `ret == -${EADDRINUSE}`);
    for (const event of EVENTS) write(`events/${event}/enable`, '1');
  }

  private filter(): void {
    const { files } = this.parts;
    const { low, high } = this.ports;
    const closes = `oldstate == ${SYN_SENT} || (oldstate == ${ESTABLISHED} && sport >= ${low} && sport <= ${high})`;
    const failures = `(oldstate == ${SYN_SENT} && newstate != ${ESTABLISHED} && sport == 0)`;
    const what = this.mode === 'all' ? closes : failures;
    // Port 0 is where Lastport itself connects to when it asks about a port.
    const filter = `protocol == ${PROTOCOL_TCP} && dport != 0 && (newstate == ${SYN_SENT} || ${what})`;
    this.doing('filter the trace', () =>
      files.write(`${this.directory}/events/sock/inet_sock_set_state/filter`, filter),
    );
  }

  private format(event: string): TraceFormat {
    const { files } = this.parts;
    return this.doing(`trace ${event}`, () => parseTraceFormat(files.readText(`events/${event}/format`)));
  }

  private doing<Result>(what: string, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw new Error(`Cannot ${what}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Those of Lastports that did not come to their end. */
  private sweep(): void {
    const { files, isRunning, identity } = this.parts;
    const names = this.doing('list the instances of tracefs', () => files.list(INSTANCES));
    for (const name of names) {
      if (!name.startsWith(PREFIX)) continue;
      const whose = name.slice(PREFIX.length);
      if (whose === identity || !isRunning(whose)) removeInstance(files, `${INSTANCES}/${name}`);
    }
  }

  /** All that one processor has written. Returns up to when that is all, in ns. */
  private read(fd: number): number {
    const { page, batch } = this;
    const { libc } = this.parts;
    while (!batch.isFull) {
      const length = libc.read(fd, page.bytes, page.bytes.length);
      if (length < 0) {
        const errno = libc.errno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) throw new SystemError('read the trace', errno);
        return Number.POSITIVE_INFINITY;
      }
      if (length === 0) return Number.POSITIVE_INFINITY;
      page.begin(length);
      if (page.lost !== 0) this.lostEvents += Math.max(1, page.lost);
      while (page.advance()) this.take();
    }
    return page.at;
  }

  /** Copies one record. */
  private take(): void {
    const { page, batch } = this;
    const { view, record } = page;
    const id = view.getUint16(record, true);
    if (id === this.stateId) {
      const { state } = this;
      const slot = batch.add(page.at);
      batch.kind[slot] = STATE;
      batch.tid[slot] = view.getInt32(record + 4, true);
      batch.flags[slot] = view.getUint8(record + 2);
      // A kernel address has 48 bits that tell; the upper ones are all the same.
      batch.socket[slot] =
        view.getUint32(record + state.skaddr, true) + view.getUint16(record + state.skaddr + 4, true) * 2 ** 32;
      batch.before[slot] = view.getInt32(record + state.oldstate, true);
      batch.after[slot] = view.getInt32(record + state.newstate, true);
      batch.localPort[slot] = view.getUint16(record + state.sport, true);
      const remotePort = view.getUint16(record + state.dport, true);
      const local = foldAddressAt(view, record + state.saddr_v6);
      const remote = foldAddressAt(view, record + state.daddr_v6);
      batch.destination[slot] = destinationSignature(local, remote, remotePort, 0);
    } else if (id === this.connectId || id === this.bindId) {
      const slot = batch.add(page.at);
      batch.kind[slot] = REFUSED;
      batch.tid[slot] = view.getInt32(record + 4, true);
      batch.value[slot] = -view.getInt32(record + this.exit.ret, true);
    } else if (id === this.newTaskId) {
      const slot = batch.add(page.at);
      batch.kind[slot] =
        (view.getUint32(record + this.newTask.clone_flags, true) & CLONE_THREAD) === 0 ? FORKED : CLONED;
      batch.tid[slot] = view.getInt32(record + 4, true);
      batch.value[slot] = view.getInt32(record + this.newTask.pid, true);
    } else if (id === this.endId) {
      const slot = batch.add(page.at);
      batch.kind[slot] = ENDED;
      batch.tid[slot] = view.getInt32(record + this.end.pid, true);
      batch.names.set(slot, commAt(page.bytes, record + this.end.comm));
    }
  }

  /** Which threads there are to be known, before what they did is told: then it is known whose it was. */
  private meet(): void {
    const { batch } = this;
    const { tasks } = this.parts;
    for (const slot of batch.ordered) {
      const tid = batch.tid[slot]!;
      switch (batch.kind[slot]) {
        case STATE:
          if (batch.after[slot] === SYN_SENT) batch.value[slot] = tasks.number(tid);
          break;
        case REFUSED:
          // Its errno moves where a state would be.
          batch.after[slot] = batch.value[slot]!;
          batch.value[slot] = tasks.number(tid);
          break;
        case ENDED:
          tasks.ended(tid, batch.names.get(slot) ?? '');
          break;
        default:
          tasks.born(batch.value[slot]!, tid, batch.kind[slot] === CLONED);
      }
    }
  }

  private tell(sink: TraceSink): void {
    const { batch } = this;
    const { originMs } = this.parts;
    for (const slot of batch.ordered) {
      const kind = batch.kind[slot]!;
      const at = batch.at[slot]! / 1e6 - originMs;
      if (kind === REFUSED) sink.refused(batch.value[slot]!, batch.after[slot]!, at);
      if (kind !== STATE) continue;
      const before = batch.before[slot]!;
      const after = batch.after[slot]!;
      const socket = batch.socket[slot]!;
      const destination = batch.destination[slot]!;
      const port = batch.localPort[slot]!;
      if (after === SYN_SENT) sink.connecting(socket, batch.value[slot]!, destination, port, at);
      else if (before === SYN_SENT && after === ESTABLISHED) sink.established(socket, destination, port, at);
      else if (before === SYN_SENT) sink.failed(socket, destination, port, at);
      // Straight to CLOSE is a reset: the peer's comes by interrupt, this side's from the thread that closes.
      else {
        const isHere = after === FIN_WAIT1 || (after !== CLOSE_WAIT && (batch.flags[slot]! & IN_INTERRUPT) === 0);
        sink.closed(destination, port, isHere ? 'here' : 'there');
      }
    }
  }

  /** Falls back to following the opens alone while all would cost too much, or more than there is room for. */
  private watch(start: number, read: number, hasLost: boolean, sink: TraceSink): void {
    const { monotonic, cpu } = this.parts;
    const { window } = this;
    const now = monotonic();
    window.spentMs += cpu() - start;
    window.events += read;
    const elapsed = now - window.at;
    if (this.mode === 'all' && hasLost) this.change('opens', now, sink);
    if (elapsed < WINDOW_MS) return;
    const share = (window.spentMs + window.events * RECORD_MS) / elapsed;
    this.window = { at: now, spentMs: 0, events: 0 };
    if (this.mode === 'all' && share > MOST_SHARE) this.change('opens', now, sink);
    const isCalm = !hasLost && share * RECORDS_OF_ALL < MOST_SHARE / 2;
    if (this.mode === 'opens' && isCalm && now - this.changedAt >= OPENS_FOR_MS) this.change('all', now, sink);
  }

  private change(mode: TraceMode, now: number, sink: TraceSink): void {
    this.mode = mode;
    this.changedAt = now;
    this.filter();
    sink.broken(mode);
  }
}

function offsets<Names extends string>(format: TraceFormat, ...names: Names[]): FieldsOf<Names> {
  return Object.fromEntries(
    names.map((name) => {
      const field = format.fields.get(name);
      if (field === undefined) throw new Error(`Cannot trace: this kernel's records have no ${name}`);
      return [name, field.offset];
    }),
  ) as FieldsOf<Names>;
}

/** An address of 16 bytes in network order, IPv4 mapped: folded as a SocketTable does. */
function foldAddressAt(view: DataView, offset: number): number {
  const a = view.getUint32(offset);
  const b = view.getUint32(offset + 4);
  const c = view.getUint32(offset + 8);
  const d = view.getUint32(offset + 12);
  if (a === 0 && b === 0 && c === MAPPED_WORD) return foldWord(0, d);
  return foldWord(foldWord(foldWord(foldWord(0, a), b), c), d);
}

/** TASK_COMM_LEN */
const NAME_BYTES = 16;

function commAt(bytes: Uint8Array, offset: number): string {
  let name = '';
  for (let index = offset; index < offset + NAME_BYTES && bytes[index] !== 0; index++) {
    name += String.fromCharCode(bytes[index]!);
  }
  return name;
}

/** One that is held open by somebody stays; the next Lastport tries again. */
function removeInstance(files: TraceFiles, path: string): void {
  try {
    files.removeDirectory(path);
  } catch {
    // It has gone, or is in use.
  }
}
