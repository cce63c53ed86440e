import type { Host } from '../agent/model/host.ts';
import type { Program, SocketOwners } from '../agent/model/program.ts';
import { type Held, HeldSockets, type Now } from './held-sockets.ts';
import { netnsInode } from './netns-processes.ts';
import { ProcessList } from './process-list.ts';
import type { Programs } from './programs.ts';

/** Sockets whose holder is remembered; of a table with more, the rest are nobody's. */
const MOST_SOCKETS = 200_000;
/** Holders checked again in a second, in turn: a socket may be passed on, or its holder end and a child keep it. */
const CHECKED_AGAIN = 64;
/** A socket that nobody was found to hold (the kernel's own, another pid namespace's) is looked for again after this. */
const NOT_FOUND_FOR_MS = 5000;
/** Processes asked before all others: those that were found last to hold one. */
const LIKELY = 8;
/**
 * What was freed and who was found last have so much of a search's time, and so much it has gone on when all the host's new
 * processes have been met: where thousands come, the others would never have a turn.
 */
const LIKELY_SHARE = 0.5;
const MET_SHARE = 0.75;
/** Descriptors read between two looks at the clock. */
const BATCH = 16;
/** By the clock on the wall a search may take so many times its budget, on a host where others want the processor too. */
const PATIENCE = 6;
/** A namespace in which nothing was looked for in this time is forgotten. */
const UNWANTED_FOR_MS = 60_000;
/** Until it calls exec() a child has its parent's sockets: what was found in one so young is looked at again. */
const YOUNG_MS = 1000;

/** In the place of an inode: there is no such descriptor. */
const CLOSED = -1;

/** What is known of one network namespace. */
interface Space {
  readonly held: HeldSockets;
  /** Inode → when it was looked for everywhere. */
  readonly missing: Map<number, number>;
  /** What is looked for still. */
  wanted: Set<number>;
  /** Those that hold sockets, the latest last. */
  readonly holders: Set<number>;
  /** Found in processes that had just come. */
  doubtful: Held[];
  /** Through the processes of this namespace that have come since they were listed before, the newest first. */
  readonly fresh: Turns;
  /** Through the processes of this namespace and those that hold its sockets, and through all others. */
  readonly near: Round;
  readonly far: Round;
  /** Those that no process near has. */
  readonly farther: Set<number>;
  soughtAt: number;
  sweptAt: number;
  checkedAt: number;
}

/** Goes through processes one after the other, however many searches that takes. */
interface Turns {
  /** Those that are still to be asked, the last first. */
  turn: number[];
  /** Where the budget ended in the middle of a process: before this one of its descriptors. By pid. */
  readonly stopped: Map<number, number>;
}

interface Round extends Turns {
  /** What it looks for: what came later needs another round. */
  sought: ReadonlySet<number>;
}

const newRound = (): Round => ({ turn: [], sought: new Set(), stopped: new Map() });

/** A process as it was met. */
interface Met {
  /** The network namespace that it was in; null: it could not be read. */
  readonly netns: number | null;
  /** Those that were there at the first search are as old as can be. */
  readonly at: number;
}

/** One search. */
interface Search {
  readonly space: Space;
  readonly wanted: Set<number>;
  /** Who was met in it, by pid. */
  readonly programs: Map<number, number>;
  /** Those asked for all of their descriptors. */
  readonly asked: Set<number>;
  readonly isLate: () => boolean;
}

/**
 * Which process holds which living socket, from the links of /proc/<pid>/fd (proc_pid_fd(5)): "socket:[12345]". Only
 * sockets that are new are looked for: first behind the descriptors of those that have just gone and where others were
 * found, then in processes that are new, then in all in turn, those of the same network namespace first, for as long as
 * the budget lasts. Where several processes have one (fork, prefork servers) it is the first one found.
 */
export class SocketHolders implements SocketOwners {
  private readonly spaces = new Map<number | null, Space>();
  private space: Space | undefined;
  private readonly list: ProcessList;
  private readonly met = new Map<number, Met>();
  /** Those that there were when all had been met last. */
  private listed: readonly number[] | null = null;
  private goneAt = Number.NEGATIVE_INFINITY;
  private readonly refused = new Set<number>();
  private readonly host: Host;
  private readonly programs: Programs;
  private readonly monotonic: () => number;
  private readonly cpu: () => number;

  /** `cpu`: a clock by which a budget is spent, in ms. */
  constructor(host: Host, programs: Programs, monotonic: () => number, cpu: () => number = monotonic) {
    this.host = host;
    this.programs = programs;
    this.monotonic = monotonic;
    this.cpu = cpu;
    this.list = new ProcessList(host);
  }

  get seesAll(): boolean {
    return this.refused.size === 0 && !this.list.hidesSome;
  }

  /** Of the network namespace that was sought in last. */
  holderOf(inode: number): number {
    return this.space?.held.programOf(inode) ?? 0;
  }

  program(index: number): Program | null {
    return this.programs.at(index);
  }

  /**
   * Looks for who holds these sockets (0 is none), which are all of one network namespace, for about so many ms.
   *
   * @returns whether it has looked everywhere it had to.
   */
  seek(inodes: ArrayLike<number>, budgetMs: number, netns: number | null): boolean {
    const space = this.enter(netns);
    this.letGo();
    this.check(space);
    space.wanted = this.wanted(space, inodes);
    return this.search(space, netns, budgetMs, budgetMs * PATIENCE);
  }

  /**
   * Goes on looking for what the last seek() in this namespace has not found.
   *
   * @param patienceMs by the clock on the wall.
   * @returns the programs of those found now, by inode.
   */
  goOn(netns: number | null, budgetMs: number, patienceMs: number): ReadonlyMap<number, number> {
    const space = this.enter(netns);
    const before = [...space.wanted];
    this.search(space, netns, budgetMs, patienceMs);
    return new Map(
      before.flatMap((inode) => {
        const program = space.wanted.has(inode) ? 0 : space.held.programOf(inode);
        return program === 0 ? [] : [[inode, program] as const];
      }),
    );
  }

  private search(space: Space, netns: number | null, budgetMs: number, patienceMs: number): boolean {
    const { wanted } = space;
    if (wanted.size === 0) return true;
    const [startCpu, start] = [this.cpu(), this.monotonic()];
    const isLateAfter = (share: number) => () =>
      this.cpu() - startCpu > budgetMs * share || this.monotonic() - start > patienceMs * share;
    const isLate = isLateAfter(1);
    const search: Search = { space, wanted, programs: new Map(), asked: new Set(), isLate };
    const likely: Search = { ...search, isLate: isLateAfter(LIKELY_SHARE) };
    this.askFreed(likely);
    this.askLatest(likely);
    if (wanted.size === 0) return true;
    const isMet = this.meetNew(isLateAfter(MET_SHARE));
    return this.askAll(search, netns, isMet);
  }

  private enter(netns: number | null): Space {
    const now = this.monotonic();
    let space = this.spaces.get(netns);
    if (space === undefined) {
      for (const [other, { soughtAt }] of this.spaces) if (now - soughtAt > UNWANTED_FOR_MS) this.spaces.delete(other);
      space = {
        held: new HeldSockets(),
        missing: new Map(),
        wanted: new Set(),
        holders: new Set(),
        doubtful: [],
        fresh: { turn: [], stopped: new Map() },
        near: newRound(),
        far: newRound(),
        farther: new Set(),
        soughtAt: now,
        sweptAt: now,
        checkedAt: Number.NEGATIVE_INFINITY,
      };
      this.spaces.set(netns, space);
    }
    space.soughtAt = now;
    this.space = space;
    return space;
  }

  /** What those held who have ended somebody else may hold now: a child, or whom they passed it to. */
  private letGo(): void {
    const now = this.monotonic();
    if (now - this.goneAt < 1000 || this.space?.held.size === 0) return;
    this.goneAt = now;
    const present = new Set(this.list.read());
    for (const { held } of this.spaces.values()) held.keepOnly((pid) => present.has(pid));
  }

  /** Whether those who were found to hold a socket still do: where that is in doubt, and some of the others, in turn. */
  private check(space: Space): void {
    const now = this.monotonic();
    const count = Math.floor(Math.min(1, (now - space.checkedAt) / 1000) * CHECKED_AGAIN);
    if (count === 0) return;
    space.checkedAt = now;
    const programs = new Map<number, number>();
    const doubtful = space.doubtful.splice(0, count);
    for (const held of [...doubtful, ...space.held.inTurn(count - doubtful.length)]) {
      const { inode, pid, descriptor, program } = held;
      if (this.identify(programs, pid) !== program || this.inodeOf(pid, descriptor) !== inode) space.held.drop(held);
    }
  }

  private wanted(space: Space, inodes: ArrayLike<number>): Set<number> {
    const { held, missing } = space;
    const now = this.monotonic();
    if (now - space.sweptAt > UNWANTED_FOR_MS) {
      space.sweptAt = now;
      for (const [inode, at] of missing) if (now - at > NOT_FOUND_FOR_MS) missing.delete(inode);
    }
    let others = 0;
    for (const one of this.spaces.values()) others += one === space ? 0 : one.held.size;
    const wanted = new Set<number>();
    held.begin();
    for (let index = 0; index < inodes.length; index++) {
      const inode = inodes[index]!;
      if (inode === 0 || held.meet(inode)) continue;
      if (now - (missing.get(inode) ?? Number.NEGATIVE_INFINITY) < NOT_FOUND_FOR_MS) continue;
      if (others + held.size + missing.size + wanted.size < MOST_SOCKETS) wanted.add(inode);
    }
    held.end();
    return wanted;
  }

  private askFreed(search: Search): void {
    const { space, wanted, isLate } = search;
    let count = 0;
    space.held.tryFreed(
      (pid, descriptor) => this.take(search, pid, descriptor),
      () => wanted.size === 0 || (++count % BATCH === 0 && isLate()),
    );
  }

  /** Those that were found to hold sockets last. */
  private askLatest(search: Search): void {
    const { space, wanted, asked, isLate } = search;
    for (const pid of [...space.holders].reverse()) {
      if (wanted.size === 0 || asked.size >= LIKELY || isLate()) return;
      this.askOne(search, pid);
    }
  }

  /**
   * Finds out which processes there are now, and where the new ones live.
   *
   * @returns whether there was the time for all of them.
   */
  private meetNew(isLate: () => boolean): boolean {
    const pids = this.list.read();
    if (pids === this.listed) return true;
    const present = new Set(pids);
    for (const known of [this.met, this.refused])
      for (const pid of known.keys()) if (!present.has(pid)) known.delete(pid);
    for (const { fresh, holders } of this.spaces.values()) {
      fresh.turn = fresh.turn.filter((pid) => present.has(pid));
      for (const pid of holders) if (!present.has(pid)) holders.delete(pid);
    }
    const at = this.listed === null ? Number.NEGATIVE_INFINITY : this.monotonic();
    let count = 0;
    for (const pid of pids) {
      if (this.met.has(pid)) continue;
      if (++count % BATCH === 0 && isLate()) return false;
      const netns = netnsInode(this.host, `${pid}/ns/net`);
      this.met.set(pid, { netns, at });
      this.spaces.get(netns)?.fresh.turn.push(pid);
    }
    this.listed = pids;
    return true;
  }

  /**
   * Asks the processes that have just come, then goes through those that are near; and, with what none of them has,
   * through all others.
   *
   * @param isMet whether all are known that there are.
   * @returns whether there was the time for all of it.
   */
  private askAll(search: Search, netns: number | null, isMet: boolean): boolean {
    const { space, wanted, asked } = search;
    const { fresh, near, far, farther, holders } = space;
    if (!this.ask(search, fresh)) return false;
    for (const inode of farther) if (!wanted.has(inode)) farther.delete(inode);
    for (const round of [near, far]) if (![...round.sought].some((inode) => wanted.has(inode))) begin(round, [], []);
    const isNear = (pid: number) => this.met.get(pid)?.netns === netns || holders.has(pid);
    const those = (are: (pid: number) => boolean) => [...this.met.keys()].filter((pid) => are(pid) && !asked.has(pid));
    while (farther.size < wanted.size) {
      if (near.sought.size === 0) {
        begin(
          near,
          [...wanted].filter((inode) => !farther.has(inode)),
          [...those((pid) => isNear(pid) && !holders.has(pid)), ...those((pid) => holders.has(pid))],
        );
      }
      if (!this.ask(search, near)) return false;
      for (const inode of near.sought) if (wanted.has(inode)) farther.add(inode);
      near.sought = new Set();
    }
    while (wanted.size > 0) {
      if (!isMet) return false;
      if (far.sought.size === 0)
        begin(
          far,
          wanted,
          those((pid) => !isNear(pid)),
        );
      if (!this.ask(search, far)) return false;
      const now = this.monotonic();
      for (const inode of far.sought) {
        if (wanted.delete(inode)) space.missing.set(inode, now);
        farther.delete(inode);
      }
      far.sought = new Set();
    }
    return true;
  }

  /** @returns whether there was the time to end it. */
  private ask(search: Search, { turn, stopped }: Turns): boolean {
    const { wanted, isLate } = search;
    while (turn.length > 0 && wanted.size > 0) {
      if (isLate()) return false;
      const pid = turn.at(-1) as number;
      const before = this.askOne(search, pid, stopped.get(pid));
      if (before > 0) {
        stopped.set(pid, before);
        return false;
      }
      turn.pop();
      stopped.delete(pid);
    }
    return true;
  }

  /**
   * Goes through the descriptors of a process from before `index` on, the highest first: the newest mostly are.
   *
   * @returns before which of them the time was over; 0: there was the time for all.
   */
  private askOne(search: Search, pid: number, index = Number.POSITIVE_INFINITY): number {
    const { space, wanted, asked, isLate } = search;
    let descriptors: string[];
    try {
      descriptors = this.host.list(`${pid}/fd`);
      this.refused.delete(pid);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') this.refused.add(pid);
      else this.refused.delete(pid);
      space.holders.delete(pid);
      return 0;
    }
    let read = 0;
    for (let before = Math.min(index, descriptors.length); before > 0 && wanted.size > 0; before--) {
      const descriptor = Number(descriptors[before - 1]);
      if (space.held.isKnown(pid, descriptor)) continue;
      if (++read % BATCH === 0 && isLate()) return before;
      this.take(search, pid, descriptor);
    }
    asked.add(pid);
    return 0;
  }

  /** Looks what a descriptor is, and whether that is wanted. */
  private take({ space, wanted, programs }: Search, pid: number, descriptor: number): Now {
    const inode = this.inodeOf(pid, descriptor);
    if (!wanted.has(inode)) return inode === CLOSED ? 'closed' : 'open';
    const program = this.identify(programs, pid);
    if (program === 0) return 'closed';
    const held = { inode, program, pid, descriptor };
    space.held.add(held);
    const isYoung = this.monotonic() - (this.met.get(pid)?.at ?? Number.NEGATIVE_INFINITY) < YOUNG_MS;
    if (isYoung && space.doubtful.length < CHECKED_AGAIN) space.doubtful.push(held);
    wanted.delete(inode);
    space.holders.delete(pid);
    space.holders.add(pid);
    return 'open';
  }

  private identify(programs: Map<number, number>, pid: number): number {
    let program = programs.get(pid);
    if (program === undefined) {
      program = this.programs.identify(pid);
      programs.set(pid, program);
    }
    return program;
  }

  /** 0: it is no socket. */
  private inodeOf(pid: number, descriptor: number): number {
    try {
      const target = this.host.readLink(`${pid}/fd/${descriptor}`);
      return target.startsWith('socket:[') ? Number.parseInt(target.slice(8), 10) : 0;
    } catch {
      return CLOSED;
    }
  }
}

function begin(round: Round, sought: Iterable<number>, turn: number[]): void {
  round.sought = new Set(sought);
  round.turn = turn;
  round.stopped.clear();
}
