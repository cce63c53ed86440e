import type { AskedDestination } from '../correlate/asked.ts';
import type { Asking, Correlator, NamespaceMemory } from '../correlate/assess.ts';
import type { Scene } from '../correlate/cause/diagnosis.ts';
import type { NetnsProbes } from '../correlate/probes/probe-ledger.ts';
import type { NamespaceReport } from '../model/assessment.ts';
import type { Gap } from '../model/gap.ts';
import type { Host } from '../model/host.ts';
import type { SocketOwners } from '../model/program.ts';
import type { Collector, CollectorRun, Counters, NetnsIdentity, Readings } from '../model/readings.ts';
import type { Tracing } from './tracing.ts';

/** What is read in one look. */
export interface Sources {
  readonly ports: Collector;
  /** The engine, and what stands in for it if it fails, in this order. */
  readonly sockets: readonly Collector[];
  readonly counters: Collector;
}

export interface CloseLookRequest {
  readonly netns: NetnsIdentity;
  readonly memory: NamespaceMemory;
  readonly asked: readonly AskedDestination[];
  /** Whether those asked for that no socket uses are to be reported too. */
  readonly reportUnused: boolean;
  readonly now: number;
  /** How many sockets may be bound without being listed, if this look does not list them; null: unknown. */
  readonly unlistedSockets: number | null;
  /** Why, if it is unknown. */
  readonly unlistedWhy: string;
  /** What was bound when that was listed last; null: list it now. */
  readonly bound: BoundSockets | null;
  readonly asking: Asking | null;
  readonly owners: SocketOwners | null;
  readonly tracing: Tracing | null;
  readonly probes: NetnsProbes | null;
  /** Asks about the live connections to a remote; null: nothing can be asked. */
  readonly live: Scene['live'];
  /** Looks for who holds these sockets. */
  readonly seekOwners: (inodes: Uint32Array) => void;
}

/** Sockets that are bound and no more: their ports, and beside them the keys of their local addresses. */
export interface BoundSockets {
  readonly ports: readonly number[];
  readonly locals: readonly number[];
}

export interface CloseLooked {
  readonly report: NamespaceReport;
  readonly gaps: readonly Gap[];
  readonly runs: readonly CollectorRun[];
  /** What is bound and no more, if this look has listed it. */
  readonly bound: BoundSockets | null;
}

/** A close look at the network namespace that the calling thread is in: collect, then correlate. */
export class CloseLook {
  private readonly host: Host;
  private readonly sources: Sources;
  private readonly correlator: Correlator;
  private readonly monotonic: () => number;

  constructor(host: Host, sources: Sources, correlator: Correlator, monotonic: () => number) {
    this.host = host;
    this.sources = sources;
    this.correlator = correlator;
    this.monotonic = monotonic;
  }

  take(request: CloseLookRequest): CloseLooked {
    const { memory, asked, reportUnused, now, asking, tracing, netns } = request;
    const readings = emptyReadings(request.netns, request.unlistedSockets, request.bound === null);
    const { ports, sockets, counters } = this.sources;
    const before = this.monotonic();
    const runs = this.collect(readings, [[ports], sockets, [counters]]);
    const at = this.monotonic();
    // All that is in the table has been traced by now.
    tracing?.drain();
    const { owners, seekOwners } = request;
    if (readings.sockets !== null) seekOwners(readings.sockets.inode.subarray(0, readings.sockets.rowCount));
    // By whichever engine: they were bound when that was listed last, and nothing else would tell.
    const { bound } = request;
    for (const [index, port] of (bound?.ports ?? []).entries()) readings.sockets?.addBound(port, bound?.locals[index]);
    const listed = readings.engine === 'sock_diag' && readings.wantsBound && readings.unlistedSockets === 0;
    if (!listed && request.bound === null && readings.unlistedSockets !== 0) {
      readings.gaps.push(unlistedGap(readings.unlistedSockets, request.unlistedWhy));
    }
    if (readings.ports !== null) tracing?.follow(readings.ports.range);
    const connections = tracing?.connections ?? null;
    const traced = connections === null ? null : { connections, netns: netns.inode ?? 0, before };
    const { probes, live } = request;
    const options = { now, at, asking, reportUnused, owners, traced, probes, live };
    const report = this.correlator.assess(readings, memory, asked, options);
    const unowned = report.destinations.reduce((sum, { unownedPorts }) => sum + (unownedPorts ?? 0), 0);
    if (owners?.seesAll === false && unowned > 0) readings.gaps.push(unownedGap(unowned));
    const { boundPorts = [], boundLocals = [] } = readings.sockets ?? {};
    return {
      report,
      gaps: readings.gaps,
      runs,
      bound: listed ? { ports: [...boundPorts], locals: [...boundLocals] } : null,
    };
  }

  /** The counters alone. */
  recount(netns: NetnsIdentity): { readonly counters: Counters; readonly run: CollectorRun } {
    const readings = emptyReadings(netns, null, false);
    const [run] = this.collect(readings, [[this.sources.counters]]);
    return { counters: readings.counters, run: run as CollectorRun };
  }

  /** Runs each source, and where it fails what stands in for it. A failure costs a Gap, and nobody else anything. */
  private collect(readings: Readings, sources: readonly (readonly Collector[])[]): CollectorRun[] {
    const runs: CollectorRun[] = [];
    const failures: Gap[] = [];
    for (const alternatives of sources) {
      for (const collector of alternatives) {
        const start = this.monotonic();
        let ok = true;
        try {
          collector.collect(readings, this.host);
        } catch (error) {
          ok = false;
          const { name: source, costs } = collector;
          failures.push({ source, what: 'all that it reads', why: (error as Error).message, costs });
        }
        runs.push({ collector: collector.name, durationMs: this.monotonic() - start, ok });
        if (ok) break;
      }
    }
    // First, and in the collectors' order: if there is no answer, the first of these is why.
    readings.gaps.unshift(...failures);
    return runs;
  }
}

function emptyReadings(netns: NetnsIdentity, unlistedSockets: number | null, wantsBound: boolean): Readings {
  return {
    netns,
    engine: null,
    wantsBound,
    sockets: null,
    interfaces: new Map(),
    ports: null,
    counters: {},
    unlistedSockets,
    gaps: [],
  };
}

function unownedGap(count: number): Gap {
  return {
    source: 'proc-fd',
    what: count === 1 ? 'the owner of a socket' : `owners of ${count} sockets`,
    why: 'the descriptors of other processes may not be read (needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH)',
    costs: 'nobody is named as their owner',
  };
}

function unlistedGap(count: number | null, whyUnknown: string): Gap {
  const gap = { source: 'proc-ns-sockstat', what: 'sockets that are bound to a port but not connected' };
  if (count === null) return { ...gap, why: whyUnknown, costs: 'they cannot be bounded: headroomPortsLow is 0' };
  return {
    ...gap,
    why: `/proc/net/tcp does not list them, and at most ${count} of this host's sockets are of that kind`,
    costs: 'each may block a port: headroomPortsLow counts them as if they did',
  };
}
