import type { Gap } from '../agent/model/gap.ts';
import type { Host } from '../agent/model/host.ts';
import type { Netns } from '../agent/model/netns.ts';
import { type Libc, lazyLibc } from './libc.ts';
import { isBetter, labelOfCgroup, labelOfMount, type NetnsLabel } from './netns-label.ts';
import { MountedNetns } from './proc-mountinfo.ts';

/** The host's own network namespace on kernels that give it a fixed inode (PROC_NET_INIT_INO, include/linux/proc_ns.h). */
const INITIAL_NETNS = 0xeffffff9;
/** Older kernels number it like any file of /proc, early at boot: others come later and get higher numbers. */
const HIGHEST_EARLY_INODE = 4026531999;

/** A process that was seen so often has settled: runtimes clone first and unshare afterwards. */
const SETTLED_AFTER = 4;
/**
 * Settled processes asked again at a time, in turn, for any may call setns() or leave its pid to another: this many or
 * this share of them, whichever is more.
 */
const ASKED_AGAIN = 64;
const ASKED_AGAIN_SHARE = 1 / 16;
/** Namespaces that are told apart; a host has a few hundred at most. */
const MOST_NAMESPACES = 10_000;

interface Process {
  inode: number | null;
  times: number;
  refused: boolean;
}

/**
 * All network namespaces of the host that this process may see: those that some process lives in (/proc/<pid>/ns/net),
 * and those that are only kept by a mount, as `ip netns` and container runtimes do (/proc/<pid>/mountinfo). Asking
 * every process every time would cost 5 µs each: those that were asked often enough are asked again in turn.
 */
export class NetnsFinder {
  private readonly processes = new Map<number, Process>();
  private readonly labels = new Map<number, NetnsLabel & { readonly ways: string; readonly tries: number }>();
  private turn = 0;
  private readonly host: Host;
  private readonly mounts: readonly MountedNetns[];

  constructor(host: Host, libcOf: () => Libc = lazyLibc()) {
    this.host = host;
    // What this process can reach comes last, and so wins. For process 1 it needs privilege.
    this.mounts = ['1', 'thread-self'].map((process) => new MountedNetns(host, process, libcOf));
  }

  close(): void {
    for (const mounted of this.mounts) mounted.close();
  }

  /** The own one first; then by inode. Never throws: what could not be seen is a Gap. */
  find(): { readonly namespaces: readonly Netns[]; readonly gaps: readonly Gap[] } {
    const own = this.inodeOf(this.host.isLive ? 'thread-self/ns/net' : 'self/ns/net');
    const { pids, gaps } = this.look();
    const mounts = new Map(own === null ? [] : this.mounts.flatMap((mounted) => [...mounted.read()]));
    const inodes = new Set([...pids.keys(), ...mounts.keys()]);
    if (own !== null) inodes.delete(own);
    for (const known of this.labels.keys()) if (known !== own && !inodes.has(known)) this.labels.delete(known);
    const others = [...inodes].sort((a, b) => a - b).slice(0, MOST_NAMESPACES);
    if (others.length < inodes.size) gaps.push(tooMany(inodes.size - others.length));
    const isHost = this.hosts();
    const found = (inode: number, isOwn: boolean): Netns => {
      const pid = pids.get(inode) ?? null;
      const mount = mounts.get(inode);
      const path = isOwn ? 'thread-self/ns/net' : pid !== null ? `${pid}/ns/net` : (mount as string);
      return { inode, label: this.label(inode, pid, mount, isHost), isOwn, pid, path };
    };
    const first =
      own === null ? { inode: null, label: 'host', isOwn: true, pid: null, path: 'self/ns/net' } : found(own, true);
    return { namespaces: [first, ...others.map((inode) => found(inode, false))], gaps };
  }

  /** The lowest pid of every namespace that has one. */
  private look(): { pids: Map<number, number>; gaps: Gap[] } {
    const pids = new Map<number, number>();
    let names: string[];
    try {
      names = this.host.list('.').filter((name) => /^\d+$/.test(name));
    } catch {
      // A copied tree has no processes.
      return { pids, gaps: [] };
    }
    const present = new Set(names.map(Number));
    for (const pid of this.processes.keys()) if (!present.has(pid)) this.processes.delete(pid);
    let refused = 0;
    let why = '';
    const from = this.turn;
    const again = Math.max(ASKED_AGAIN, Math.ceil(names.length * ASKED_AGAIN_SHARE));
    this.turn = names.length <= again ? 0 : (from + again) % names.length;
    for (const [index, pid] of [...present].entries()) {
      const process = this.processes.get(pid) ?? { inode: null, times: 0, refused: false };
      this.processes.set(pid, process);
      const inTurn = (index - from + names.length) % names.length < again;
      if (process.times < SETTLED_AFTER || inTurn) {
        const before = refused;
        process.times++;
        process.inode = this.inodeOf(`${pid}/ns/net`, (error) => {
          // Process 1 lives where "host" is, whether it may be asked or not.
          if (pid === 1 || (error.code !== 'EACCES' && error.code !== 'EPERM')) return;
          refused++;
          why = error.message;
        });
        process.refused = refused > before;
      } else if (process.refused) {
        refused++;
      }
      const { inode } = process;
      if (inode !== null && pid < (pids.get(inode) ?? Number.POSITIVE_INFINITY)) pids.set(inode, pid);
    }
    if (refused === 0) return { pids, gaps: [] };
    const gap = {
      source: 'proc-ns-net',
      what: refused === 1 ? 'the network namespace of a process' : `the network namespaces of ${refused} processes`,
      why: why || 'permission denied',
      costs: 'namespaces that no other process is in are not watched',
    };
    return { pids, gaps: [gap] };
  }

  /**
   * Kept while it lives, unless a better one turns up: a series must not change its name. Looked for a few times only,
   * until something else leads to the namespace: a name costs as much as a pulse.
   */
  private label(
    inode: number,
    pid: number | null,
    mount: string | undefined,
    host: (inode: number) => boolean,
  ): string {
    const ways = `${pid} ${mount}`;
    const last = this.labels.get(inode) ?? { rank: 'inode', text: String(inode), ways, tries: 0 };
    const tries = last.ways === ways ? last.tries : 0;
    if (tries >= SETTLED_AFTER || (last.rank !== 'inode' && last.rank !== 'mount')) return last.text;
    let best: NetnsLabel = last;
    if (host(inode)) {
      best = { rank: 'host', text: 'host' };
    } else {
      const candidates = [
        ...(mount === undefined ? [] : [labelOfMount(mount)]),
        ...(pid === null ? [] : [this.cgroupLabel(pid)]),
      ];
      for (const one of candidates) if (one !== null && isBetter(one, best) && !this.isTaken(one.text)) best = one;
    }
    this.labels.set(inode, { ...best, ways, tries: tries + 1 });
    return best.text;
  }

  /** A name that another namespace has does not tell them apart. */
  private isTaken(text: string): boolean {
    return text === 'host' || [...this.labels.values()].some((label) => label.text === text);
  }

  private cgroupLabel(pid: number): NetnsLabel | null {
    try {
      const label = labelOfCgroup(this.host.readText(`${pid}/cgroup`));
      // What this program is in too does not tell one from the other.
      const own = labelOfCgroup(this.host.readText('self/cgroup'));
      return label?.text === own?.text ? null : label;
    } catch {
      return null; // it has just ended
    }
  }

  /** Whether that is the host's own. Where process 1 may not be looked at (no privilege), the inode itself tells. */
  private hosts(): (inode: number) => boolean {
    const first = this.inodeOf('1/ns/net');
    return (inode) => inode === INITIAL_NETNS || (first === null ? inode <= HIGHEST_EARLY_INODE : first === inode);
  }

  private inodeOf(path: string, onError?: (error: NodeJS.ErrnoException) => void): number | null {
    return netnsInode(this.host, path, onError);
  }
}

function tooMany(count: number): Gap {
  return {
    source: 'proc-ns-net',
    what: `${count} network namespaces`,
    why: `the host has more than ${MOST_NAMESPACES}`,
    costs: 'their ports are not watched',
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
