import type { Host } from '../agent/model/host.ts';
import type { TraceTasks } from '../agent/model/trace-events.ts';
import { netnsInode } from './netns-processes.ts';
import type { Programs } from './programs.ts';

/** Threads that are followed; of more, those met least recently are forgotten. */
const MOST = 16_384;
/** Threads that opened something keep their number for so long after they were last met. */
const NUMBERS = 65_536;

/** Times the trace is read until a thread that is known is looked at again: setns() and exec() make others of them. */
const AGAIN_AFTER = 16;

/** One thread, from its birth to its death: the same id later is another. */
interface Task {
  readonly tid: number;
  /** Whose thread or child it is, as far as that was seen; the nearest that lives. */
  parent: Task | null;
  /** A thread of its parent's process. */
  readonly isThread: boolean;
  /** 0: it has opened nothing. */
  number: number;
  program: number;
  netns: number;
  /** When it was looked at last, in times that the trace was read. */
  lookedAt: number;
  /** Of a thread that has ended: its name. */
  ended: string | null;
}

/** Tells the threads of the trace apart, and whose they are: from /proc while they live, from the trace when they have gone. */
export class TraceTaskBook implements TraceTasks {
  private readonly living = new Map<number, Task>();
  private readonly numbered = new Map<number, Task>();
  /** Those that have to be looked at. */
  private active = new Set<Task>();
  private last = 0;
  private times = 0;
  private readonly host: Host;
  private readonly programs: Programs;

  constructor(host: Host, programs: Programs) {
    this.host = host;
    this.programs = programs;
  }

  /** fork(), clone(): by thread `by`. */
  born(tid: number, by: number, isThread: boolean): void {
    this.keep({ tid, parent: this.of(by), isThread, number: 0, program: 0, netns: 0, lookedAt: 0, ended: null });
  }

  ended(tid: number, comm: string): void {
    const task = this.living.get(tid);
    if (task === undefined) return;
    task.ended = comm;
    // Or a chain of processes that fork and end would never be let go.
    while (task.parent?.ended != null && (!task.isThread || task.parent.isThread)) task.parent = task.parent.parent;
    this.living.delete(tid);
  }

  /** The number of the thread that has this id now, which is in the middle of a connect(). */
  number(tid: number): number {
    const task = this.of(tid);
    if (task.number === 0) {
      task.number = ++this.last;
      this.numbered.set(task.number, task);
    }
    this.active.add(task);
    return task.number;
  }

  /** Finds out whose those are that number() was called for. Call when the trace has been read. */
  identify(): void {
    this.times++;
    for (const task of this.active) {
      if (task.ended === null) this.fromProc(task);
      else if (task.program === 0) this.fromTrace(task);
      // Those that are met again and again stay.
      this.numbered.delete(task.number);
      this.numbered.set(task.number, task);
    }
    // What has just ended is told by the next batch.
    this.active = new Set(
      [...this.active].filter(({ program, ended }) => program === 0 && ended === null).slice(-MOST),
    );
    for (const number of this.numbered.keys()) {
      if (this.numbered.size <= NUMBERS) break;
      this.numbered.delete(number);
    }
  }

  /** Events were lost: an id may be another thread's by now. */
  forget(): void {
    this.living.clear();
    this.active.clear();
  }

  programOf(task: number): number {
    return this.numbered.get(task)?.program ?? 0;
  }

  netnsOf(task: number): number {
    return this.numbered.get(task)?.netns ?? 0;
  }

  private of(tid: number): Task {
    const known = this.living.get(tid);
    if (known !== undefined) return known;
    // It was there before the trace.
    const task = { tid, parent: null, isThread: false, number: 0, program: 0, netns: 0, lookedAt: 0, ended: null };
    this.keep(task);
    return task;
  }

  private keep(task: Task): void {
    this.living.delete(task.tid);
    this.living.set(task.tid, task);
    if (this.living.size <= MOST) return;
    for (const oldest of this.living.keys()) {
      this.living.delete(oldest);
      return;
    }
  }

  private fromProc(task: Task): void {
    const isKnown = task.program !== 0 && task.netns !== 0;
    if (isKnown && this.times - task.lookedAt < AGAIN_AFTER) return;
    task.lookedAt = this.times;
    const pid = this.processOf(task.tid);
    const program = pid === 0 ? 0 : this.programs.identify(pid);
    const netns = netnsInode(this.host, `${task.tid}/ns/net`);
    if (program !== 0) task.program = program;
    if (netns !== null) task.netns = netns;
  }

  /** Its name is its own; what it was part of is what those are part of that it came from. */
  private fromTrace(task: Task): void {
    let main = task;
    while (main.isThread && main.parent !== null) main = main.parent;
    if (main.program === 0 && main.ended === null) main.program = this.identifyProcess(main.tid);
    if (main.program === 0) {
      let from = main.parent;
      while (from !== null && from.ended !== null) from = from.parent;
      if (from?.program === 0) from.program = this.identifyProcess(from.tid);
      main.program = this.programs.child(main.ended ?? task.ended ?? '', from?.program ?? 0);
    }
    task.program = main.program;
  }

  private identifyProcess(tid: number): number {
    const pid = this.processOf(tid);
    return pid === 0 ? 0 : this.programs.identify(pid);
  }

  private processOf(tid: number): number {
    try {
      return Number(/^Tgid:\s*(\d+)$/m.exec(this.host.readText(`${tid}/status`))?.[1] ?? 0);
    } catch {
      return 0; // it has gone
    }
  }
}
