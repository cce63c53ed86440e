import type { Gap } from '../agent/model/gap.ts';
import type { Host } from '../agent/model/host.ts';
import type { Netns } from '../agent/model/netns.ts';
import { type Libc, lazyLibc } from './libc.ts';
import { isBetter, labelOfCgroup, labelOfMount, type NetnsLabel } from './netns-label.ts';
import { NetnsProcesses, netnsInode, type ProcessesFound } from './netns-processes.ts';
import { MountedNetns } from './proc-mountinfo.ts';
import type { PodNames } from './var-log-containers.ts';

/** The host's own network namespace on kernels that give it a fixed inode (PROC_NET_INIT_INO, include/linux/proc_ns.h). */
const INITIAL_NETNS = 0xeffffff9;
/** Older kernels number it like any file of /proc, early at boot: others come later and get higher numbers. */
const HIGHEST_EARLY_INODE = 4026531999;

/** A name is looked for so often. */
const TRIES = 4;
/** Namespaces that are told apart; a host has a few hundred at most. */
const MOST_NAMESPACES = 10_000;

export interface NetnsFound {
  readonly namespaces: readonly Netns[];
  readonly gaps: readonly Gap[];
}

/** What was found, and from what. */
interface Found extends NetnsFound {
  readonly own: number | null;
  readonly processes: ProcessesFound;
  readonly mounts: readonly ReadonlyMap<number, string>[];
  /** How often it was found before. */
  readonly times: number;
}

/**
 * All network namespaces of the host that this process may see: those that some process lives in (/proc/<pid>/ns/net),
 * and those that are only kept by a mount, as `ip netns` and container runtimes do (/proc/<pid>/mountinfo).
 */
export class NetnsFinder {
  private readonly labels = new Map<number, NetnsLabel & { readonly ways: string; readonly tries: number }>();
  private found: Found | null = null;
  private readonly processes: NetnsProcesses;
  private readonly host: Host;
  private readonly mounts: readonly MountedNetns[];
  private readonly pods: PodNames | null;

  constructor(host: Host, libcOf: () => Libc = lazyLibc(), pods: PodNames | null = null) {
    this.host = host;
    this.pods = pods;
    this.processes = new NetnsProcesses(host);
    // What this process can reach comes last, and so wins. For process 1 it needs privilege.
    this.mounts = ['1', 'thread-self'].map((process) => new MountedNetns(host, process, libcOf));
  }

  close(): void {
    for (const mounted of this.mounts) mounted.close();
  }

  /** The own one first; then by inode. Never throws: what could not be seen is a Gap. */
  find(): NetnsFound {
    const own = this.inodeOf(this.host.isLive ? 'thread-self/ns/net' : 'self/ns/net');
    const processes = this.processes.read();
    const mounts = own === null ? [] : this.mounts.map((mounted) => mounted.read());
    const last = this.found;
    const isSame = last !== null && last.own === own && last.processes === processes && areSame(last.mounts, mounts);
    // On a quiet host, once the names had their chance: a search that finds the same finds it at once.
    const times = isSame ? last.times + 1 : 0;
    const { namespaces, gaps } = isSame && times > TRIES ? last : this.combine(own, processes, mounts);
    this.found = { own, processes, mounts, namespaces, gaps, times };
    return this.found;
  }

  private combine(own: number | null, processes: ProcessesFound, mounted: Found['mounts']): NetnsFound {
    const { pids } = processes;
    const mounts = new Map(mounted.flatMap((paths) => [...paths]));
    const inodes = new Set([...pids.keys(), ...mounts.keys()]);
    if (own !== null) inodes.delete(own);
    for (const known of this.labels.keys()) if (known !== own && !inodes.has(known)) this.labels.delete(known);
    const others = [...inodes].sort((a, b) => a - b).slice(0, MOST_NAMESPACES);
    const gaps =
      others.length < inodes.size ? [...processes.gaps, tooMany(inodes.size - others.length)] : processes.gaps;
    const found = (inode: number, isOwn: boolean): Netns => {
      const pid = pids.get(inode) ?? null;
      const mount = mounts.get(inode);
      const path = isOwn ? 'thread-self/ns/net' : pid !== null ? `${pid}/ns/net` : (mount as string);
      return { inode, label: this.label(inode, pid, mount), isOwn, pid, path };
    };
    const first =
      own === null ? { inode: null, label: 'host', isOwn: true, pid: null, path: 'self/ns/net' } : found(own, true);
    const namespaces = [first, ...others.map((inode) => found(inode, false))];
    const nameless = this.pods?.gap() ?? null;
    return { namespaces, gaps: nameless === null ? gaps : [...gaps, nameless] };
  }

  /**
   * Kept while it lives, unless a better one turns up: a series must not change its name. Looked for a few times only,
   * until something else leads to the namespace: a name costs as much as a pulse.
   */
  private label(inode: number, pid: number | null, mount: string | undefined): string {
    const ways = `${pid} ${mount}`;
    const last = this.labels.get(inode) ?? { rank: 'inode', text: String(inode), ways, tries: 0 };
    const tries = last.ways === ways ? last.tries : 0;
    if (tries >= TRIES || (last.rank !== 'inode' && last.rank !== 'mount')) return last.text;
    let best: NetnsLabel = last;
    if (this.isHosts(inode)) {
      best = { rank: 'host', text: 'host' };
    } else {
      const candidates = [
        ...(mount === undefined ? [] : [labelOfMount(mount)]),
        ...(pid === null ? [] : [this.podLabel(pid), this.cgroupLabel(pid, tries + 1 < TRIES)]),
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

  /** What Kubernetes calls it: all containers of a pod are in one network namespace. */
  private podLabel(pid: number): NetnsLabel | null {
    const name = this.podOf(pid);
    return name === null || name === 'unknown' ? null : { rank: 'pod', text: `${name.namespace}/${name.pod}` };
  }

  private podOf(process: number | 'self') {
    try {
      return this.pods?.of(this.host.readText(`${process}/cgroup`)) ?? null;
    } catch {
      return null; // it has just ended
    }
  }

  /** `mayWait`: a pod's name is there a moment after the pod, and worth more than the id of one of its containers. */
  private cgroupLabel(pid: number, mayWait: boolean): NetnsLabel | null {
    if (mayWait && this.podOf(pid) === 'unknown') return null;
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
  private isHosts(inode: number): boolean {
    const first = this.inodeOf('1/ns/net');
    return inode === INITIAL_NETNS || (first === null ? inode <= HIGHEST_EARLY_INODE : first === inode);
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

function areSame<Item>(some: readonly Item[], others: readonly Item[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}
