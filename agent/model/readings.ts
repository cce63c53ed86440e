import type { Gap } from './gap.ts';
import type { Host } from './host.ts';
import type { PortSettings } from './port-settings.ts';
import type { SocketTable } from './socket-table.ts';

/** Host counters beside the table, by the names of COUNTER_NAMES. A key that is absent could not be read. */
export type Counters = { [name in CounterName]?: number };

/** name → [file, section, field]: which file of /proc tells it (see collectors/proc-net-counters.ts). */
export const COUNTER_SOURCES = {
  activeOpens: ['net/snmp', 'Tcp', 'ActiveOpens'],
  passiveOpens: ['net/snmp', 'Tcp', 'PassiveOpens'],
  attemptFails: ['net/snmp', 'Tcp', 'AttemptFails'],
  estabResets: ['net/snmp', 'Tcp', 'EstabResets'],
  outRsts: ['net/snmp', 'Tcp', 'OutRsts'],
  timeWaits: ['net/netstat', 'TcpExt', 'TW'],
  timeWaitsRecycled: ['net/netstat', 'TcpExt', 'TWRecycled'],
  timeWaitsKilled: ['net/netstat', 'TcpExt', 'TWKilled'],
  timeWaitOverflows: ['net/netstat', 'TcpExt', 'TCPTimeWaitOverflow'],
  abortsOnClose: ['net/netstat', 'TcpExt', 'TCPAbortOnClose'],
  abortsOnData: ['net/netstat', 'TcpExt', 'TCPAbortOnData'],
  listenOverflows: ['net/netstat', 'TcpExt', 'ListenOverflows'],
  socketsInUse: ['net/sockstat', 'TCP', 'inuse'],
  socketsInUse6: ['net/sockstat6', 'TCP6', 'inuse'],
  socketsOrphaned: ['net/sockstat', 'TCP', 'orphan'],
  socketsTimeWait: ['net/sockstat', 'TCP', 'tw'],
  /** Of the whole host, every namespace: sockets that exist, listed in a table or not. */
  socketsAllocated: ['net/sockstat', 'TCP', 'alloc'],
  conntrackEntries: ['sys/net/netfilter/nf_conntrack_count', '', ''],
  conntrackMax: ['sys/net/netfilter/nf_conntrack_max', '', ''],
} as const;

export type CounterName = keyof typeof COUNTER_SOURCES;
export const COUNTER_NAMES = Object.keys(COUNTER_SOURCES) as CounterName[];

/** Which network namespace: its inode, and the name people know it by. */
export interface NetnsIdentity {
  /** Inode of /proc/self/ns/net; null for a foreign --procfs tree that has none. */
  readonly inode: number | null;
  readonly label: string;
}

/** What /proc/net/sockstat{,6} tell of one network namespace. */
export interface Pulse {
  /** Sockets in the tables, both families: all but TIME_WAIT, and but those that are bound and no more. */
  readonly inUse: number;
  /** TIME_WAIT, FIN_WAIT2 remains included. */
  readonly timeWait: number;
  /** Sockets of the whole host that exist, listed in a table or not, TIME_WAIT not counted. */
  readonly allocated: number;
}

/** Where sockets come from: the kernel's socket diagnostics, or the text tables of /proc. */
export const ENGINES = ['sock_diag', 'procfs'] as const;
export type Engine = (typeof ENGINES)[number];

/** Everything that the collectors read of one network namespace in one tick; each fills its own slot. */
export interface Readings {
  readonly netns: NetnsIdentity;
  /** Which one filled `sockets`; null: none yet. */
  engine: Engine | null;
  /** Whether sockets that are bound and not connected are to be listed too, where the kernel can: it costs more. */
  readonly wantsBound: boolean;
  /** null: the tables could not be read, and there is nothing to say about this namespace. */
  sockets: SocketTable | null;
  /** Names of the interfaces that sockets are bound to, by their index. */
  readonly interfaces: Map<number, string>;
  ports: PortSettings | null;
  counters: Counters;
  /**
   * At most so many sockets may be bound to a port without being listed in any table (rule: /proc does not show
   * bound-but-unconnected sockets). null: not known.
   */
  unlistedSockets: number | null;
  readonly gaps: Gap[];
}

/** How one collector fared in one tick. */
export interface CollectorRun {
  readonly collector: string;
  readonly durationMs: number;
  readonly ok: boolean;
}

/** One source. It fills its slot of the Readings, or throws, which costs a Gap and nothing else. Synchronous. */
export interface Collector {
  readonly name: string;
  /** What is lost when it fails. */
  readonly costs: string;
  collect(readings: Readings, host: Host): void;
}
