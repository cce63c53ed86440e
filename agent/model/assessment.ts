import type { CauseReport } from './cause.ts';
import type { Gap } from './gap.ts';
import type { PoolReport } from './pool.ts';
import type { TwReuse } from './port-settings.ts';
import type { ProbeView } from './probe.ts';
import type { Program } from './program.ts';
import type { CollectorRun, Counters, Engine } from './readings.ts';
import type { TcpState } from './state.ts';
import type { TraceHealth } from './trace-events.ts';

export const SCHEMA = 'lastport/1';

/** From best to worst; `blind` = could not look, which is worse than a warning but must not hide a `critical`. */
export const VERDICTS = ['healthy', 'watch', 'warning', 'blind', 'critical'] as const;
export type Verdict = (typeof VERDICTS)[number];

export function worstVerdict(verdicts: Iterable<Verdict>): Verdict {
  let worst = 0;
  for (const verdict of verdicts) worst = Math.max(worst, VERDICTS.indexOf(verdict));
  return VERDICTS[worst] as Verdict;
}

/** What a destination has left. Ports are counted once each: used + blocked + free = usable. */
export interface Headroom {
  readonly usablePorts: number;
  /** In use by this destination, in any state. */
  readonly usedPorts: number;
  /** Not used by this destination, but no connect() gets them: bind() made their bucket. */
  readonly blockedPorts: number;
  /** In use elsewhere in the namespace: blocked if bind() chose them, free if connect() did. Nobody told which. */
  readonly maybeBlockedPorts: number;
  /** The part of used that connect() would take over (tcp_tw_reuse). */
  readonly reusablePorts: number;
  /** How many connect() calls would succeed now: usable − (used ∪ blocked) + reusable. */
  readonly headroomPorts: number;
  /** The same with everything against us that could not be known. */
  readonly headroomPortsLow: number;
  /** Headroom before the cliff: connect() calls until the first parity is gone and each becomes 50 to 100 times slower. */
  readonly fastHeadroomPorts: number;
}

/** How often a destination's connections open and close. null: not known, which is never 0. */
export interface Rates {
  readonly opensPerSecond: number | null;
  readonly closesPerSecond: { readonly local: number | null; readonly remote: number | null };
  /** Since this agent has known the destination, or since the trace began; null at its first look where it is not traced. */
  readonly opensTotal: number | null;
  readonly closesTotal: { readonly local: number; readonly remote: number } | null;
}

export const FORECAST_KINDS = ['steady', 'draining', 'exhausted', 'unknown'] as const;

/** What becomes of a destination's ports if its demand stays as it is. Deadlines in seconds; null: not in sight. */
export interface Forecast {
  /** steady: they last; draining: they run out; exhausted: they have; unknown: too little to say. */
  readonly kind: (typeof FORECAST_KINDS)[number];
  /** Until the cliff: connect() gets 50 to 100 times slower. 0: it is. */
  readonly slowConnectInSeconds: number | null;
  readonly exhaustedInSeconds: number | null;
  /** The same at the demand that has held without a break, less what may be chance: what an alert rests on. */
  readonly slowConnectInSecondsAtLow: number | null;
  readonly exhaustedInSecondsAtLow: number | null;
  /** The most it would come to use if there were ports enough; null: not known, or it would never end. */
  readonly peakUsedPorts: number | null;
  /** What it comes to use in the end; null: not known, or it would never end. */
  readonly settlesAtPorts: number | null;
  readonly opensPerSecondLow: number | null;
  readonly opensPerSecondHigh: number | null;
}

/**
 * How it is known whose a port is: its socket lives; it did before; the kernel's trace saw who opened it; its own probe
 * says so; or all that is known of the destination is one's.
 */
export const HOW_OWNED = ['seen', 'remembered', 'traced', 'probe', 'shared'] as const;

/** A process that holds ports of a destination, or did when they were used. */
export interface Owner extends Program {
  readonly usedPorts: number;
  readonly how: (typeof HOW_OWNED)[number];
}

/** connect() calls that failed for want of a port, and bind() calls before them. */
export interface ConnectError {
  readonly code: 'EADDRNOTAVAIL' | 'EADDRINUSE';
  /** Since the trace began. */
  readonly total: number;
  /** Whose; null: not known. */
  readonly pid: number | null;
  readonly command: string | null;
}

/** A destination's last minute and its next one. */
export interface Tide {
  /** Connections that this side closed, by how many whole seconds ago: 60 numbers, [0] is the second that just passed. */
  readonly closesAgo: readonly number[];
  /** Ports it will use if its demand stays and there are enough, by seconds from now: [0] is now, then up to 60. Empty: not known. */
  readonly usedAhead: readonly number[];
}

/** The thing that runs out: (netns, local, remote, remotePort). */
export interface DestinationReport extends Headroom, Rates {
  /** null: nothing uses it yet and the kernel could not be asked which address it would route from. */
  readonly local: string | null;
  /** The interface its sockets are bound to (SO_BINDTODEVICE, or the zone of a link-local address); null: none. */
  readonly device: string | null;
  readonly remote: string;
  readonly remotePort: number;
  /** The name it was asked by (--to). */
  readonly remoteName: string | null;
  /** Whether --to asked for it: then it is shown, however little it uses. */
  readonly asked: boolean;
  /** Distinct used ports by state; sums to usedPorts. States nobody is in are left out. */
  readonly states: { readonly [state in TcpState]?: number };
  /** The five programs with the most ports, each by every way it is known; null: nobody looked for them. */
  readonly owners: readonly Owner[] | null;
  /** Ports whose owner is not known; null: nobody looked. */
  readonly unownedPorts: number | null;
  /** By program, most first; null: only the trace tells. */
  readonly connectErrors: readonly ConnectError[] | null;
  readonly forecast: Forecast;
  /** null: it is not one of the tightest, or uses next to nothing. */
  readonly tide: Tide | null;
  readonly verdict: Verdict;
  /** Requests on its connections; null: no probe tells. */
  readonly requests: { readonly perSecond: number; readonly perConnection: number | null } | null;
  /** null: no program with a probe uses it. */
  readonly probe: ProbeView | null;
  /** Why its ports go, that by which most would come back first; empty: nothing is wrong with it. */
  readonly causes: readonly CauseReport[];
}

/**
 * What a bind pool's programs bind to. local: its very address, for they hold ports that are in use at other addresses
 * too, which no bind to any address gets. unknown: nothing has shown it, so it may be any address (0.0.0.0, ::).
 */
export const BINDS_TO = ['local', 'unknown'] as const;

/**
 * What programs that bind(port 0) before they connect() draw from: the ports that nobody has at this local address,
 * whoever chose them and whatever their destination and state. When they are gone, bind() fails with EADDRINUSE.
 */
export interface BindPoolReport {
  readonly local: string;
  readonly usablePorts: number;
  /** Taken at this address: used + headroom = usable. */
  readonly usedPorts: number;
  /** bind(port 0) calls to this very address that would succeed now. */
  readonly headroomPorts: number;
  /** The same to any address: ports that nobody has at any address of the family. Never more. */
  readonly anyHeadroomPorts: number;
  /** anyHeadroomPorts with everything against us that could not be known. */
  readonly headroomPortsLow: number;
  readonly bindsTo: (typeof BINDS_TO)[number];
  /** Sockets that take a port of the pool by bind(); null: not known. */
  readonly opensPerSecond: number | null;
  /** Until bind() fails. There is no cliff: what is slow is connect()'s search, which a bound socket does not need. */
  readonly forecast: Forecast;
  readonly verdict: Verdict;
}

/** What a bind pool has left, to go by: for a bind to any address, until it is known that they bind to this one. */
export function poolHeadroom({
  bindsTo,
  headroomPorts,
  anyHeadroomPorts,
}: Pick<BindPoolReport, 'bindsTo' | 'headroomPorts' | 'anyHeadroomPorts'>): number {
  return bindsTo === 'local' ? headroomPorts : anyHeadroomPorts;
}

export interface NamespaceReport {
  readonly netns: number | null;
  readonly label: string;
  /** null: the sockets could not be read. */
  readonly engine: Engine | null;
  /** ISO 8601, UTC: when its sockets were read, which a namespace that is proved harmless need not be at every tick. */
  readonly lookedAt: string | null;
  /** All its TCP sockets in this tick (sockstat): no destination uses more ports. null: unknown. */
  readonly sockets: number | null;
  /** blind: the numbers below are null and there are no destinations. */
  readonly verdict: Verdict;
  readonly range: { readonly low: number; readonly high: number } | null;
  readonly reservedPorts: number | null;
  readonly usablePorts: number | null;
  /** Usable ports that no connect() gets, whatever the destination. */
  readonly blockedPorts: number | null;
  readonly twReuse: TwReuse | null;
  /** TIME_WAIT that there may be at once (tcp_max_tw_buckets). */
  readonly timeWaitMost: number | null;
  /** Listening ports, and the sockets of connections that came in on them. */
  readonly listeners: number;
  readonly inboundSockets: number;
  /** Sockets that went out, or may have. */
  readonly outboundSockets: number;
  /** All destinations in use, of which `destinations` has the worst and those asked for. */
  readonly destinationsInUse: number;
  readonly destinationsOmitted: number;
  /** Ports used by the omitted ones together. */
  readonly omittedUsedPorts: number;
  /** Those of its destinations, and those that had none; null: only the trace tells. */
  readonly connectErrors: readonly ConnectError[] | null;
  /** Worst first. */
  readonly destinations: readonly DestinationReport[];
  /** Of the local addresses that programs are known to bind() to before they connect(), by address. */
  readonly bindPools: readonly BindPoolReport[];
  readonly counters: Counters;
}

/** From systeminformation, once at start; null until known or where it was not asked for. */
export interface HostInventory {
  readonly distribution: string;
  readonly release: string;
  readonly architecture: string;
  readonly virtual: boolean | null;
  readonly cpus: number;
  readonly memoryBytes: number;
}

export interface HostReport {
  readonly name: string;
  readonly kernel: string;
  readonly inventory: HostInventory | null;
}

/** Everything one tick knows. It is all that an exporter sees. */
export interface Assessment {
  readonly schema: typeof SCHEMA;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** From the start of the look to this Assessment. */
  readonly tookMs: number;
  readonly host: HostReport;
  readonly verdict: Verdict;
  readonly namespaces: readonly NamespaceReport[];
  /** What runs out beside ports: NAT quotas as configured, and the kernel's tables. */
  readonly pools: readonly PoolReport[];
  readonly gaps: readonly Gap[];
  readonly collectors: readonly CollectorRun[];
  /** null: there is none. `connectErrors`: of processes that went before their network namespace was known. */
  readonly trace: (TraceHealth & { readonly connectErrors: readonly ConnectError[] }) | null;
  /** Programs that report by themselves; null: nobody listens for them. */
  readonly probes: ProbesReport | null;
}

/** Probes: those that are connected, and what of theirs was lost on the way since the start. */
export interface ProbesReport {
  readonly connected: number;
  readonly dropped: number;
}
