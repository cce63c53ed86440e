import { formatAddress } from '../model/address.ts';
import {
  type Assessment,
  type BindPoolReport,
  type DestinationReport,
  type Headroom,
  type NamespaceReport,
  SCHEMA,
  worstVerdict,
} from '../model/assessment.ts';
import { translated } from '../model/nat-quota.ts';
import { PORTS, type PortSettings, type UsablePorts, usablePorts } from '../model/port-settings.ts';
import type { ProbeView } from '../model/probe.ts';
import type { SocketOwners } from '../model/program.ts';
import type { Readings } from '../model/readings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { TCP_STATES } from '../model/state.ts';
import { PortAnswers } from './answers.ts';
import { type AskedDestination, AskedSet } from './asked.ts';
import { BindPools } from './bind-pools.ts';
import { Binders } from './binders.ts';
import { Diagnosis, type Scene } from './cause/diagnosis.ts';
import { Churn, errorsOf, type FollowedConnections, type Look, NO_CONNECTIONS, UNDIAGNOSED } from './churn.ts';
import { FlowCounter, type FlowCounts } from './flow.ts';
import { forecast, NO_FORECAST, type Surroundings } from './forecast.ts';
import { headroom, type NamespacePorts, namespacePorts, outOfReach } from './headroom.ts';
import { InboundMemory } from './inbound.ts';
import { LocalPorts } from './local-ports.ts';
import type { NatFlow, NatLedger } from './pools/nat-ledger.ts';
import { TableHistory } from './pools/table-history.ts';
import { fillPortKinds, newPortKinds } from './port-kinds.ts';
import type { NetnsProbes } from './probes/probe-ledger.ts';
import { probeView } from './probes/probe-view.ts';
import { type AskScope, questions } from './questions.ts';
import { Worst } from './ranking.ts';
import { CURVE_SECONDS, type Held } from './run-off.ts';
import { isWorthATide, TIDES, tideOf } from './tide.ts';
import { newTimeWaitClock, type TimeWaitClock, USUALLY_LATE_MS } from './time-wait-clock.ts';
import type { TracedNetns } from './traced-connections.ts';
import { destinationVerdict, forecastVerdict } from './verdict.ts';

/**
 * Destinations that one namespace's report holds at most; the rest are summed. Far more than anyone reads, and little
 * enough for a host that talks to a million.
 */
export const REPORTED_DESTINATIONS = 1000;

/** Everything one tick knows, from what it found out about each namespace. `now` is in ms since the epoch. */
export function assess(
  parts: Pick<Assessment, 'host' | 'namespaces' | 'gaps' | 'collectors' | 'tookMs' | 'trace'> &
    Partial<Pick<Assessment, 'pools' | 'probes'>>,
  now: number,
): Assessment {
  const { host, namespaces, pools = [], gaps, collectors, tookMs, trace, probes = null } = parts;
  // Nothing to look at is nothing seen.
  const verdict = namespaces.length === 0 ? 'blind' : worstVerdict([...namespaces, ...pools].map((one) => one.verdict));
  const takenAt = new Date(now).toISOString();
  return { schema: SCHEMA, takenAt, tookMs, host, verdict, namespaces, pools, gaps, collectors, trace, probes };
}

/** What is kept of a network namespace from look to look. */
export class NamespaceMemory {
  readonly inbound = new InboundMemory();
  /** null: nothing was ever asked. */
  answers: PortAnswers | null = null;
  readonly churn = new Churn();
  readonly tables = new TableHistory();
  /** null: nothing of it goes through a NAT that is known. */
  nat: NatLedger | null = null;
  readonly binders = new Binders();
  /** null: nobody binds. */
  pools: BindPools | null = null;
  readonly diagnosis = new Diagnosis();
}

export interface AssessOptions {
  /** In ms: dates the answers of `asking`. */
  readonly now: number;
  /** When the sockets were read, in ms on a clock that no one sets. */
  readonly at?: number;
  readonly asking?: Asking | null;
  readonly reportUnused?: boolean;
  /** null: nobody looked for them. */
  readonly owners?: SocketOwners | null;
  readonly traced?: TracedNetns | null;
  /** null: no probe speaks of this namespace. */
  readonly probes?: NetnsProbes | null;
  /** Asks the kernel about the live connections to a remote; null: it cannot be asked. */
  readonly live?: Scene['live'];
}

/**
 * What to ask the kernel about (see questions.ts), and how. `ask` puts each answer into `note` as it comes, and may stop
 * whenever it likes.
 */
export interface Asking {
  readonly scope: AskScope;
  readonly ask: (ports: readonly number[], note: (port: number, isBlocked: boolean) => void) => void;
}

/** A kernel that is seen to be later than usual, as at HZ=1000, is believed, up to what none is. */
const LATEST_MS = 6000;

/** Rows of a destination from which on what was counted is kept for its report: to count again would cost more. */
const WORTH_KEEPING = 256;

/**
 * One namespace after the other: bytes have become a SocketTable; here it becomes headroom per destination. Its scratch
 * columns serve all namespaces.
 */
export class Correlator {
  private readonly counter: FlowCounter;
  private readonly kinds = newPortKinds();
  private readonly inbound = new Uint8Array(PORTS);
  private readonly usable = new UsablePortsCache();
  /** null: nobody has bound anywhere yet. */
  private localPorts: LocalPorts | null = null;
  /** By how much a TIME_WAIT outlives its timer at most. */
  private latestMs = USUALLY_LATE_MS;

  /** `isRelied`: whether the rules are known to hold on this kernel (tested-kernels.ts). */
  constructor(isRelied = true) {
    this.counter = new FlowCounter(isRelied);
  }

  assess(
    readings: Readings,
    memory: NamespaceMemory,
    asked: readonly AskedDestination[],
    {
      now,
      at = now,
      asking = null,
      reportUnused = true,
      owners = null,
      traced = null,
      probes = null,
      live = null,
    }: AssessOptions,
  ): NamespaceReport {
    const { sockets, ports } = readings;
    if (sockets === null || ports === null) return blind(readings);
    memory.inbound.update(sockets, this.inbound);
    memory.answers?.refresh(sockets, now);
    if (memory.answers?.isEmpty === true) memory.answers = null;
    const { binders } = memory;
    const parts: Parts = { readings, sockets, ports, asked: new AskedSet(asked), reportUnused, binders, probes };
    const found = this.report(parts, memory.answers, traced);
    const connections = this.connections(parts, found, memory, { at, owners, traced, probes });
    const connectErrors =
      traced === null || owners === null ? null : errorsOf(traced.connections.refusalsOf(traced.netns), owners);
    const questions = asking === null ? [] : this.questions(parts, found, asking.scope, at);
    const surroundings = this.surroundings(parts);
    const done = (one: Reported): NamespaceReport => {
      const bindPools = this.bindPools(sockets, one.shared, memory, surroundings, at);
      const seen = withPools({ ...withConnections(one, connections, surroundings), connectErrors }, bindPools);
      return this.diagnose(seen, one, parts, memory.diagnosis, { at, live });
    };
    if (asking === null || questions.length === 0) return done(found);
    memory.answers ??= new PortAnswers();
    const { answers } = memory;
    if (answers.isEmpty) answers.refresh(sockets, now);
    asking.ask(questions, (port, isBlocked) => {
      answers.note(port, isBlocked, now);
      binders.answered(port);
    });
    if (answers.isEmpty) return done(found);
    return done(this.report(parts, answers, traced));
  }

  /** With what probes tell, and why ports go. */
  private diagnose(
    namespace: NamespaceReport,
    { picked, found, listenersInRange }: Reported,
    { sockets, probes }: Parts,
    diagnosis: Diagnosis,
    { at, live }: Pick<Scene, 'at' | 'live'>,
  ): NamespaceReport {
    const known = new Map(
      found.map(({ report, bound }, index) => [placeOf(report), { index: picked[index] as number, bound }]),
    );
    const scene: Scene = { at, live, namespace, listenersInRange };
    diagnosis.begin(scene);
    const destinations = namespace.destinations.map((one) => {
      const { index, bound } = known.get(placeOf(one)) ?? { index: null, bound: 0 };
      const probe = probes === null ? null : probeView(probes, one, sockets, index, at);
      const told = probe === null ? one : withProbe(one, probe);
      const causes = diagnosis.causes(told, probe, bound, scene);
      return causes.length === 0 ? told : { ...told, causes };
    });
    return { ...namespace, destinations };
  }

  /** The kinds of the ports are those of the last report. */
  private bindPools(
    table: SocketTable,
    shared: NamespacePorts,
    memory: NamespaceMemory,
    surroundings: Surroundings,
    at: number,
  ): readonly BindPoolReport[] {
    const binders = memory.binders.settle(at);
    if (binders.length === 0) {
      memory.pools = null;
      return NO_POOLS;
    }
    memory.pools ??= new BindPools();
    this.localPorts ??= new LocalPorts();
    return memory.pools.update({ table, shared, at, surroundings }, binders, this.localPorts);
  }

  private surroundings({ ports, readings: { counters } }: Parts): Surroundings {
    return {
      lateSeconds: this.latestMs / 2 / 1000,
      timeWaitMost: ports.maxTwBuckets,
      timeWaitNow: counters.socketsTimeWait ?? null,
    };
  }

  /** By destination. */
  private connections(
    { sockets, ports, readings }: Parts,
    { picked, found, namespace }: Reported,
    { churn, nat }: NamespaceMemory,
    known: Pick<Look, 'at' | 'owners' | 'traced' | 'probes'>,
  ): ConnectionsOf {
    const { counter, kinds } = this;
    const look = {
      table: sockets,
      kinds,
      counters: readings.counters,
      counter,
      usable: this.usable.of(ports),
      ...known,
    };
    const followed = picked.map((destination, index) => ({ destination, ...(found[index] as Found) }));
    const isAll = namespace.destinationsOmitted === 0;
    const connections = churn.update(look, followed, isAll);
    if (nat !== null) {
      const { isBroken, unseen } = churn;
      const flows = picked.map((destination, index) =>
        natFlow(sockets, destination, found[index] as Found, connections[index] as FollowedConnections),
      );
      nat.update({ at: known.at, isBroken, isAll, unseen, counters: readings.counters }, flows);
    }
    this.latestMs = Math.max(this.latestMs, Math.min(churn.latestMs, LATEST_MS));
    return new Map(picked.map((destination, index) => [destination, connections[index] as FollowedConnections]));
  }

  private report(
    { readings, sockets, ports, asked, reportUnused, binders, probes }: Parts,
    answers: PortAnswers | null,
    traced: TracedNetns | null,
  ): Reported {
    const { counter, kinds } = this;
    const usable = this.usable.of(ports);
    const tracedKinds = traced?.connections.kindsOf(traced.netns) ?? null;
    fillPortKinds(kinds, usable, sockets, this.inbound, answers?.kinds ?? null, tracedKinds);
    // Without the reserved list any port may be reserved.
    const unlisted = ports.reserved === null ? null : readings.unlistedSockets;
    const shared = namespacePorts(usable, kinds, sockets.unreadRows + (unlisted ?? Number.POSITIVE_INFINITY));
    counter.begin(usable, ports, kinds);
    binders.begin();

    const worst = new Worst(REPORTED_DESTINATIONS, (a, b) => sockets.compare(a, b));
    const askedInUse: number[] = [];
    const kept = new Map<number, Counted>();
    let inUse = 0;
    let outbound = 0;
    let used = 0;
    for (let destination = 0; destination < sockets.destinationCount; destination++) {
      const counts = counter.measure(sockets, destination);
      if (counts.rows === 0) continue;
      if (counts.rows >= WORTH_KEEPING) {
        kept.set(destination, this.counted(sockets, destination, { ...counts, states: counts.states.slice() }));
      }
      inUse++;
      outbound += counts.rows;
      used += counts.used;
      binders.consider(sockets, destination, counts);
      const free = usable.count - counts.used + counts.blocked + counts.reusable;
      if (asked.find(sockets, destination) !== undefined) askedInUse.push(destination);
      else worst.offer(destination, free, counts.used);
    }

    binders.considerBound(sockets, (port) => usable.set[port] === 1);

    const picked = [...worst.list().map((candidate) => candidate.destination), ...askedInUse];
    const found = picked.map((destination) => {
      const counted =
        kept.get(destination) ?? this.counted(sockets, destination, counter.measure(sockets, destination));
      const one = report(readings, sockets, destination, counted.counts, shared, asked);
      return {
        report: one,
        held: heldOf(one, counted),
        bound: counted.counts.blocked,
        isHindered: isHindered(one, counted.counts, shared),
      };
    });
    const reports = found.map((one) => one.report);
    const unused = reportUnused ? asked.unused(reports, shared) : [];
    // Where the peer closes first nothing is left of connections but what their program says.
    const told = new AskedSet(probes?.lately() ?? [])
      .unused([...reports, ...unused], shared)
      .map((one) => ({ ...one, asked: false }));
    const destinations = [...reports, ...unused, ...told].sort(compareReports);
    const namespace: NamespaceReport = {
      netns: readings.netns.inode,
      label: readings.netns.label,
      engine: readings.engine,
      lookedAt: null,
      sockets: null,
      verdict: worstVerdict(destinations.map((destination) => destination.verdict)),
      range: ports.range,
      reservedPorts: usable.reservedCount,
      usablePorts: usable.count,
      blockedPorts: shared.blocked,
      twReuse: ports.twReuse,
      timeWaitMost: ports.maxTwBuckets,
      listeners: sockets.listenerCount,
      inboundSockets: sockets.inboundCount + (sockets.rowCount - outbound),
      outboundSockets: outbound,
      destinationsInUse: inUse,
      destinationsOmitted: inUse - reports.length,
      omittedUsedPorts: used - reports.reduce((sum, { usedPorts }) => sum + usedPorts, 0),
      connectErrors: null,
      destinations,
      bindPools: NO_POOLS,
      counters: readings.counters,
    };
    const listenersInRange = [...new Set(sockets.listenerPorts)].filter((port) => usable.set[port] === 1).length;
    return { namespace, shared, picked, found, unused: unused.length > 0, listenersInRange };
  }

  /** Of the destination measured last. */
  private counted(sockets: SocketTable, destination: number, counts: FlowCounts): Counted {
    const clock = newTimeWaitClock();
    return { counts, clock, ...this.counter.readClock(sockets, destination, clock) };
  }

  private questions(
    { sockets, binders }: Parts,
    { shared, picked, unused }: Reported,
    scope: AskScope,
    at: number,
  ): readonly number[] {
    const { counter } = this;
    const aboutBinders = binders.samples(sockets, counter, shared.usable.count, scope, at);
    const others = questions(sockets, shared, counter, picked, unused, scope);
    return aboutBinders.length === 0 ? others : [...new Set([...aboutBinders, ...others])];
  }
}

/** What one assessment is made from. */
interface Parts {
  readonly readings: Readings;
  readonly sockets: SocketTable;
  readonly ports: PortSettings;
  readonly asked: AskedSet;
  readonly reportUnused: boolean;
  readonly binders: Binders;
  readonly probes: NetnsProbes | null;
}

/** A destination's ports as they were counted, and when its TIME_WAIT end. */
interface Counted {
  readonly counts: FlowCounts;
  readonly clock: TimeWaitClock;
  readonly earlierMs: number;
}

interface Found {
  readonly report: DestinationReport;
  readonly held: Held;
  /** Of its used ports, those known to be bound. */
  readonly bound: number;
  readonly isHindered: boolean;
}

interface Reported {
  readonly namespace: NamespaceReport;
  readonly shared: NamespacePorts;
  /** The destinations reported, by their index in the table. */
  readonly picked: readonly number[];
  /** Of these, in their order. */
  readonly found: readonly Found[];
  /** Whether there are others, asked for and not in use. */
  readonly unused: boolean;
  /** Usable ports that somebody listens on. */
  readonly listenersInRange: number;
}

const CURVE = new Float64Array(CURVE_SECONDS + 1);

type ConnectionsOf = ReadonlyMap<number, FollowedConnections>;

function withConnections(
  { namespace, picked, found, shared }: Reported,
  connectionsOf: ConnectionsOf,
  surroundings: Surroundings,
): NamespaceReport {
  const known = new Map(found.map((one, index) => [one.report, { ...one, destination: picked[index] as number }]));
  let tides = 0;
  const destinations = namespace.destinations.map((report) => {
    const one = known.get(report);
    const followed = one === undefined ? undefined : connectionsOf.get(one.destination);
    if (one === undefined || followed === undefined) return report;
    // Most of them are not kept: one scratch for all.
    const curve = tides < TIDES ? CURVE : null;
    CURVE[0] = Number.NaN;
    const seen = forecast(report, one.held, followed.demand, surroundings, curve);
    const verdict = worstVerdict([report.verdict, forecastVerdict(report, seen, shared.usable.firstParityCount)]);
    const result = { ...report, ...followed.connections, forecast: seen, verdict };
    if (curve === null || !isWorthATide(result)) return result;
    tides++;
    return { ...result, tide: tideOf(one.held.clock, curve) };
  });
  return { ...namespace, destinations, verdict: worstVerdict(destinations.map(({ verdict }) => verdict)) };
}

const placeOf = ({ local, remote, remotePort, device }: DestinationReport) =>
  `${local} ${remote} ${remotePort} ${device ?? ''}`;

function withProbe(report: DestinationReport, probe: ProbeView): DestinationReport {
  const { counts, requestsPerSecond, gauges } = probe;
  // Those that were open before count too: they carry requests without being opened.
  const connections = Math.max(counts.opens, gauges.open);
  return {
    ...report,
    remoteName: report.remoteName ?? probe.remoteName,
    probe,
    requests: {
      perSecond: requestsPerSecond,
      perConnection: connections === 0 ? null : counts.requests / connections,
    },
  };
}

function natFlow(
  sockets: SocketTable,
  destination: number,
  { report, held }: Found,
  { open, closed, demand }: FollowedConnections,
): NatFlow {
  const remoteAddress = sockets.remoteAddress(destination);
  const behind = translated(remoteAddress);
  const { remote, remotePort, usablePorts, states } = report;
  return {
    signature: sockets.signature(destination),
    remote: behind === remoteAddress ? remote : formatAddress(behind),
    remoteAddress,
    remotePort,
    usablePorts,
    open,
    closing: (states.fin_wait1 ?? 0) + (states.fin_wait2 ?? 0) + (states.closing ?? 0),
    closed,
    clock: held.clock.all,
    demand,
  };
}

const NO_POOLS: readonly BindPoolReport[] = [];

function withPools(report: NamespaceReport, bindPools: readonly BindPoolReport[]): NamespaceReport {
  if (bindPools.length === 0) return report;
  return { ...report, bindPools, verdict: worstVerdict([report.verdict, ...bindPools.map(({ verdict }) => verdict)]) };
}

function heldOf(report: Headroom, { counts, clock, earlierMs }: Counted): Held {
  const used = report.usedPorts - report.reusablePorts;
  const usedFirst = counts.usedFirstParity - counts.reusableFirstParity;
  return {
    limit: used + Math.max(0, report.headroomPorts),
    firstLimit: usedFirst + Math.max(0, report.fastHeadroomPorts),
    used,
    usedFirst,
    clock,
    earlier: earlierMs / 1000,
  };
}

function isHindered(report: Headroom, counts: FlowCounts, shared: NamespacePorts): boolean {
  const beyond = outOfReach(shared, counts);
  return report.headroomPorts <= beyond || (shared.usable.firstParityCount > 0 && report.fastHeadroomPorts <= beyond);
}

/** usablePorts() of the settings met last: the namespaces of a host mostly have the same, and seldom change them. */
class UsablePortsCache {
  private readonly known: { readonly settings: PortSettings; readonly usable: UsablePorts }[] = [];

  of(settings: PortSettings): UsablePorts {
    const { range, reserved } = settings;
    const found = this.known.find(
      (one) =>
        one.settings.reserved === reserved &&
        one.settings.range.low === range.low &&
        one.settings.range.high === range.high,
    );
    if (found !== undefined) return found.usable;
    const usable = usablePorts(settings);
    this.known.unshift({ settings, usable });
    this.known.length = Math.min(this.known.length, KNOWN_SETTINGS);
    return usable;
  }
}

/** Each is 64 KiB. */
const KNOWN_SETTINGS = 8;

function blind(readings: Readings): NamespaceReport {
  return {
    netns: readings.netns.inode,
    label: readings.netns.label,
    engine: readings.engine,
    lookedAt: null,
    sockets: null,
    verdict: 'blind',
    range: readings.ports?.range ?? null,
    reservedPorts: null,
    usablePorts: null,
    blockedPorts: null,
    twReuse: readings.ports?.twReuse ?? null,
    timeWaitMost: readings.ports?.maxTwBuckets ?? null,
    listeners: 0,
    inboundSockets: 0,
    outboundSockets: 0,
    destinationsInUse: 0,
    destinationsOmitted: 0,
    omittedUsedPorts: 0,
    connectErrors: null,
    destinations: [],
    bindPools: NO_POOLS,
    counters: readings.counters,
  };
}

function report(
  { interfaces }: Readings,
  sockets: SocketTable,
  destination: number,
  counts: FlowCounts,
  shared: NamespacePorts,
  asked: AskedSet,
): DestinationReport {
  const ask = asked.find(sockets, destination);
  const device = sockets.deviceOf(destination);
  const states: Partial<Record<(typeof TCP_STATES)[number], number>> = {};
  for (const [number, name] of TCP_STATES.entries()) {
    const count = counts.states[number] ?? 0;
    if (count > 0) states[name] = count;
  }
  const result = headroom(shared, counts);
  const { firstParityCount } = shared.usable;
  return {
    local: formatAddress(sockets.localAddress(destination)),
    device: device === 0 ? null : (interfaces.get(device) ?? String(device)),
    remote: formatAddress(sockets.remoteAddress(destination)),
    remotePort: sockets.remotePortOf(destination),
    remoteName: ask?.remoteName ?? null,
    asked: ask !== undefined,
    ...result,
    states,
    ...NO_CONNECTIONS,
    ...UNDIAGNOSED,
    forecast: NO_FORECAST,
    tide: null,
    verdict: destinationVerdict(result, firstParityCount, outOfReach(shared, counts)),
  };
}

function compareReports(a: DestinationReport, b: DestinationReport): number {
  const text = (one: DestinationReport) => `${one.remote} ${one.remotePort} ${one.local} ${one.device ?? ''}`;
  return (
    a.headroomPorts - b.headroomPorts ||
    b.usedPorts - a.usedPorts ||
    (text(a) < text(b) ? -1 : Number(text(a) !== text(b)))
  );
}
