import type { Host } from '../agent/model/host.ts';
import type { Program, SocketOwners } from '../agent/model/program.ts';
import type { Programs } from './programs.ts';

/** Sockets whose holder is remembered; of a table with more, the rest are nobody's. */
const MOST_SOCKETS = 200_000;
/** Holders checked again at a time, in turn: a socket may be passed on, or its holder end and a child keep it. */
const CHECKED_AGAIN = 64;
/** A socket that nobody was found to hold (the kernel's own, another pid namespace's) is looked for again after this. */
const NOT_FOUND_FOR_MS = 5000;
/** Processes asked before all others: those that were found last to hold one. */
const LIKELY = 8;
/** Descriptors read between two looks at the clock. */
const BATCH = 64;

/** What no look has asked for in this time is forgotten. */
const UNWANTED_FOR_MS = 60_000;

interface Held {
  wantedAt: number;
  readonly program: number;
  readonly pid: number;
  readonly descriptor: string;
}

/**
 * Which process holds which living socket, from the links of /proc/<pid>/fd (proc_pid_fd(5)): "socket:[12345]". Only
 * sockets that are new are looked for; first where others were found, then in all processes in turn, for as long as the
 * budget lasts. Where several processes have one (fork, prefork servers) it is the first one found.
 */
export class SocketHolders implements SocketOwners {
  private readonly held = new Map<number, Held>();
  /** Inode → when it was looked for everywhere. */
  private readonly missing = new Map<number, number>();
  /** Those that hold sockets, the latest last. */
  private readonly holders = new Set<number>();
  /** Processes that are still to be asked in this round, the last first, and what it looks for. */
  private turn: number[] = [];
  private sought: ReadonlySet<number> = new Set();
  /** Where the budget ended in the middle of a process, before this one of its descriptors. */
  private stopped: { readonly pid: number; readonly index: number } | null = null;
  private checks: IterableIterator<[number, Held]> | undefined;
  private readonly refused = new Set<number>();
  private sweptAt = 0;
  private readonly host: Host;
  private readonly programs: Programs;
  private readonly monotonic: () => number;

  constructor(host: Host, programs: Programs, monotonic: () => number) {
    this.host = host;
    this.programs = programs;
    this.monotonic = monotonic;
  }

  get seesAll(): boolean {
    return this.refused.size === 0;
  }

  holderOf(inode: number): number {
    return this.held.get(inode)?.program ?? 0;
  }

  program(index: number): Program | null {
    return this.programs.at(index);
  }

  /**
   * Looks for who holds these sockets (0 is none), for about so many ms.
   *
   * @returns whether it has looked everywhere it had to.
   */
  seek(inodes: ArrayLike<number>, budgetMs: number): boolean {
    const until = this.monotonic() + budgetMs;
    this.check();
    const now = this.monotonic();
    const wanted = new Set<number>();
    for (let index = 0; index < inodes.length; index++) {
      const inode = inodes[index]!;
      if (inode === 0) continue;
      const held = this.held.get(inode);
      if (held !== undefined) held.wantedAt = now;
      else if (now - (this.missing.get(inode) ?? Number.NEGATIVE_INFINITY) < NOT_FOUND_FOR_MS) continue;
      else if (this.held.size + wanted.size < MOST_SOCKETS) wanted.add(inode);
    }
    if (now - this.sweptAt > UNWANTED_FOR_MS) this.sweep(now);
    if (wanted.size === 0) return true;
    for (const pid of this.latestHolders()) {
      if (!this.search(pid, wanted, now + budgetMs / 2)) break;
      if (wanted.size === 0) return true;
    }
    // A round goes through all processes, and on where the last seek was stopped.
    if (this.turn.length === 0) {
      this.turn = [...this.pids().filter((pid) => !this.holders.has(pid)), ...this.holders];
      this.sought = new Set(wanted);
    }
    while (this.turn.length > 0) {
      const pid = this.turn.pop() as number;
      if (!this.search(pid, wanted, until)) {
        this.turn.push(pid);
        return false;
      }
      if (wanted.size === 0) return true;
    }
    for (const inode of wanted) if (this.sought.has(inode)) this.missing.set(inode, now);
    return [...wanted].every((inode) => this.sought.has(inode));
  }

  private latestHolders(): number[] {
    return [...this.holders].slice(-LIKELY).reverse();
  }

  /** Whether there was the time to go through all of its descriptors. */
  private search(pid: number, wanted: Set<number>, until: number): boolean {
    let descriptors: string[];
    try {
      descriptors = this.host.list(`${pid}/fd`);
      this.refused.delete(pid);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') this.refused.add(pid);
      else this.refused.delete(pid);
      this.holders.delete(pid);
      return true;
    }
    let program = 0;
    const { stopped } = this;
    this.stopped = null;
    const from = stopped?.pid === pid ? Math.min(stopped.index, descriptors.length) : descriptors.length;
    // The newest mostly have the highest numbers.
    for (let index = from - 1; index >= 0; index--) {
      if (index % BATCH === 0 && this.monotonic() > until) {
        this.stopped = { pid, index: index + 1 };
        return false;
      }
      const descriptor = descriptors[index]!;
      const inode = this.inodeOf(pid, descriptor);
      if (!wanted.has(inode)) continue;
      if (program === 0) program = this.programs.identify(pid);
      if (program === 0) return true;
      this.held.set(inode, { program, pid, descriptor, wantedAt: this.monotonic() });
      wanted.delete(inode);
      this.holders.delete(pid);
      this.holders.add(pid);
      if (wanted.size === 0) return true;
    }
    return true;
  }

  /** Whether those who were found to hold a socket still do: some of them, in turn. */
  private check(): void {
    const programs = new Map<number, number>();
    for (let count = 0; count < CHECKED_AGAIN; count++) {
      this.checks ??= this.held.entries();
      const next = this.checks.next();
      if (next.done === true) {
        this.checks = undefined;
        return;
      }
      const [inode, { pid, descriptor, program }] = next.value;
      let now = programs.get(pid);
      if (now === undefined) {
        now = this.programs.identify(pid);
        programs.set(pid, now);
      }
      if (now !== program || this.inodeOf(pid, descriptor) !== inode) this.held.delete(inode);
    }
  }

  private sweep(now: number): void {
    this.sweptAt = now;
    for (const [inode, { wantedAt }] of this.held) if (now - wantedAt > UNWANTED_FOR_MS) this.held.delete(inode);
    for (const [inode, at] of this.missing) if (now - at > UNWANTED_FOR_MS) this.missing.delete(inode);
  }

  /** 0: it is no socket, or has gone. */
  private inodeOf(pid: number, descriptor: string): number {
    try {
      const target = this.host.readLink(`${pid}/fd/${descriptor}`);
      return target.startsWith('socket:[') ? Number.parseInt(target.slice(8), 10) : 0;
    } catch {
      return 0;
    }
  }

  private pids(): number[] {
    try {
      const pids = this.host.list('.').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
      const present = new Set(pids);
      for (const pid of this.refused) if (!present.has(pid)) this.refused.delete(pid);
      return pids;
    } catch {
      return []; // a copied tree has no processes
    }
  }
}
