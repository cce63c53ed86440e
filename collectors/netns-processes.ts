import type { Gap } from '../agent/model/gap.ts';
import type { Host } from '../agent/model/host.ts';
import { ProcessList } from './process-list.ts';

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
  private listed: readonly number[] = [];
  private found: ProcessesFound | null = null;
  /** Whether some process has not been asked often enough. */
  private isSettled = false;
  private turn = 0;
  private readonly list: ProcessList;
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
    this.list = new ProcessList(host);
  }

  /** The same object as before where nothing has changed. */
  read(): ProcessesFound {
    const pids = this.list.read();
    const isCalm = pids === this.listed && this.isSettled;
    if (pids !== this.listed) this.forget(pids);
    this.listed = pids;
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

  /** All but these. */
  private forget(pids: readonly number[]): void {
    const present = new Set(pids);
    for (const pid of this.processes.keys()) if (!present.has(pid)) this.processes.delete(pid);
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
    return Number(/^net:\[(\d{1,10})\]$/.exec(host.readLink(path))?.[1] ?? Number.NaN) || null;
  } catch (error) {
    onError?.(error as NodeJS.ErrnoException);
    return null;
  }
}
