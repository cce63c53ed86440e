import type { Gap } from '../agent/model/gap.ts';
import type { Host } from '../agent/model/host.ts';

/** A process that was seen so often has settled: runtimes clone first and unshare afterwards. */
const SETTLED_AFTER = 4;
/**
 * Settled processes asked again at a time, in turn, for any may call setns() or leave its pid to another: this many or
 * this share of them, whichever is more.
 */
const ASKED_AGAIN = 16;
const ASKED_AGAIN_SHARE = 1 / 32;
/** And if no process seems to have come or gone since the last search, only this many. */
const ASKED_WHEN_CALM = 4;
/** Searches from one listing of all processes to the next, if none seems to have come or gone. */
const LISTED_AGAIN = 10;

export interface ProcessesFound {
  /** Inode of a network namespace → the lowest pid in it. */
  readonly pids: ReadonlyMap<number, number>;
  readonly gaps: readonly Gap[];
}

interface Process {
  inode: number | null;
  times: number;
  refused: boolean;
}

/**
 * The network namespaces that processes live in (/proc/<pid>/ns/net, namespaces(7)). Asking every process every time
 * would cost 5 µs each: those that were asked often enough are asked again in turn.
 */
export class NetnsProcesses {
  private readonly processes = new Map<number, Process>();
  private listed: { readonly pids: readonly number[]; readonly mark: string | null; searches: number } | null = null;
  private found: ProcessesFound | null = null;
  /** Whether some process has not been asked often enough. */
  private isSettled = false;
  private turn = 0;
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** The same object as before where nothing has changed. */
  read(): ProcessesFound {
    const before = this.listed;
    const { pids } = this.list();
    const isCalm = this.listed === before && this.isSettled;
    if (isCalm && !this.inTurn(pids, ASKED_WHEN_CALM).some((pid) => this.ask(pid))) return this.found as ProcessesFound;
    const inTurn = new Set(this.inTurn(pids, Math.max(ASKED_AGAIN, Math.ceil(pids.length * ASKED_AGAIN_SHARE))));
    this.isSettled = true;
    for (const pid of pids) {
      const times = this.processes.get(pid)?.times ?? 0;
      if (times < SETTLED_AFTER || inTurn.has(pid)) this.ask(pid);
      if (times + 1 < SETTLED_AFTER) this.isSettled = false;
    }
    this.found = this.sum();
    return this.found;
  }

  /** Whether the answer is another one than before. */
  private ask(pid: number): boolean {
    const known = this.processes.get(pid);
    let refused = false;
    const inode = netnsInode(this.host, `${pid}/ns/net`, ({ code }) => {
      // Process 1 lives where "host" is, whether it may be asked or not.
      refused = pid !== 1 && (code === 'EACCES' || code === 'EPERM');
    });
    if (known?.inode === inode && known.refused === refused) {
      known.times++;
      return false;
    }
    this.processes.set(pid, { inode, refused, times: (known?.times ?? 0) + 1 });
    return true;
  }

  private inTurn(pids: readonly number[], count: number): number[] {
    const from = this.turn;
    this.turn = pids.length <= count ? 0 : (from + count) % pids.length;
    return [...pids.slice(from, from + count), ...pids.slice(0, Math.max(0, from + count - pids.length))];
  }

  private sum(): ProcessesFound {
    const pids = new Map<number, number>();
    let refused = 0;
    for (const [pid, process] of this.processes) {
      const { inode } = process;
      if (inode !== null && pid < (pids.get(inode) ?? Number.POSITIVE_INFINITY)) pids.set(inode, pid);
      if (process.refused) refused++;
    }
    return { pids, gaps: refused === 0 ? [] : [refusedGap(refused)] };
  }

  /** All processes; listed only when one seems to have come or gone, for that costs more than the rest of a search. */
  private list(): { readonly pids: readonly number[] } {
    const { listed } = this;
    const mark = this.mark();
    if (listed !== null && mark !== null && mark === listed.mark && listed.searches < LISTED_AGAIN) {
      listed.searches++;
      return listed;
    }
    let pids: number[] = [];
    try {
      pids = this.host.list('.').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
    } catch {
      // A copied tree has no processes.
    }
    const present = new Set(pids);
    for (const pid of this.processes.keys()) if (!present.has(pid)) this.processes.delete(pid);
    this.listed = { pids, mark, searches: 0 };
    return this.listed;
  }

  /** Threads there are, and the newest pid: "0.20 0.18 0.12 1/80 11206" (proc_loadavg(5)). null: unknown. */
  private mark(): string | null {
    try {
      return /\/\d+ \d+$/.exec(this.host.readText('loadavg').trimEnd())?.[0] ?? null;
    } catch {
      return null;
    }
  }
}

function refusedGap(count: number): Gap {
  return {
    source: 'proc-ns-net',
    what: count === 1 ? 'the network namespace of a process' : `the network namespaces of ${count} processes`,
    why: 'permission denied',
    costs: 'namespaces that no other process is in are not watched',
  };
}

/** The inode of the namespace that a link like "<pid>/ns/net" shows; null if it may not be read or is none. */
export function netnsInode(host: Host, path: string, onError?: (error: NodeJS.ErrnoException) => void): number | null {
  try {
    return Number(/^net:\[(\d+)\]$/.exec(host.readLink(path))?.[1] ?? Number.NaN) || null;
  } catch (error) {
    onError?.(error as NodeJS.ErrnoException);
    return null;
  }
}
