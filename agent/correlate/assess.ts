import { type Address, compareAddresses, formatAddress, parseAddress } from '../model/address.ts';
import {
  type Assessment,
  type DestinationReport,
  type NamespaceReport,
  SCHEMA,
  worstVerdict,
} from '../model/assessment.ts';
import { type PortSettings, type UsablePorts, usablePorts } from '../model/port-settings.ts';
import type { Readings } from '../model/readings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { TCP_STATES } from '../model/state.ts';
import { FlowCounter, type FlowCounts } from './flow.ts';
import { headroom, type NamespacePorts, namespacePorts, outOfReach } from './headroom.ts';
import { InboundMemory } from './inbound.ts';
import { Worst } from './ranking.ts';
import { destinationVerdict } from './verdict.ts';

/** A destination to report even if no socket uses it. Addresses are text as an Assessment has them. */
export interface AskedDestination {
  readonly local: string | null;
  readonly remote: string;
  readonly remotePort: number;
  readonly remoteName: string | null;
}

/**
 * Destinations that one namespace's report holds at most; the rest are summed. Far more than anyone reads, and little
 * enough for a host that talks to a million.
 */
export const REPORTED_DESTINATIONS = 1000;

/** Everything one tick knows, from what it found out about each namespace. `now` is in ms since the epoch. */
export function assess(
  parts: Pick<Assessment, 'host' | 'namespaces' | 'gaps' | 'collectors' | 'tookMs'>,
  now: number,
): Assessment {
  const { host, namespaces, gaps, collectors, tookMs } = parts;
  const verdict = worstVerdict(namespaces.map((namespace) => namespace.verdict));
  return { schema: SCHEMA, takenAt: new Date(now).toISOString(), tookMs, host, verdict, namespaces, gaps, collectors };
}

/** What is kept of a network namespace from look to look. */
export class NamespaceMemory {
  readonly inbound = new InboundMemory();
  readonly counter = new FlowCounter();
  private settings: PortSettings | null = null;
  private usable: UsablePorts | null = null;

  /** usablePorts(), computed anew only when the range or the reserved list has changed. */
  usablePorts(settings: PortSettings): UsablePorts {
    const last = this.settings;
    const { range, reserved } = settings;
    const same = last?.range.low === range.low && last.range.high === range.high && last.reserved === reserved;
    this.settings = settings;
    if (this.usable === null || !same) this.usable = usablePorts(settings);
    return this.usable;
  }
}

/** One namespace: bytes have become a SocketTable; here it becomes headroom per destination. */
export function assessNamespace(
  readings: Readings,
  memory: NamespaceMemory,
  asked: readonly AskedDestination[],
): NamespaceReport {
  const { sockets, ports } = readings;
  if (sockets === null || ports === null) return blind(readings);
  const usable = memory.usablePorts(ports);
  const inbound = memory.inbound.update(sockets);
  // Without the reserved list any port may be reserved.
  const unlisted = ports.reserved === null ? null : readings.unlistedSockets;
  const shared = namespacePorts(usable, sockets, inbound, unlisted);
  const { counter } = memory;
  counter.begin(usable, ports, inbound);

  const wanted = new AskedSet(asked);
  const worst = new Worst(REPORTED_DESTINATIONS, (a, b) => sockets.compare(a, b));
  const askedInUse: number[] = [];
  let inUse = 0;
  let outbound = 0;
  let used = 0;
  for (let destination = 0; destination < sockets.destinationCount; destination++) {
    const counts = counter.measure(sockets, destination);
    if (counts.rows === 0) continue;
    inUse++;
    outbound += counts.rows;
    used += counts.used;
    if (wanted.find(sockets, destination) !== undefined) askedInUse.push(destination);
    else worst.offer(destination, shared.usable.count - counts.used + counts.reusable, counts.used);
  }

  const picked = [...worst.list().map((candidate) => candidate.destination), ...askedInUse];
  const reports = picked.map((destination) =>
    report(sockets, destination, counter.measure(sockets, destination), shared, wanted.find(sockets, destination)),
  );
  const destinations = [...reports, ...wanted.unused(reports, shared)].sort(compareReports);
  const namespaceBlocked = shared.blocked;
  return {
    netns: readings.netns.inode,
    label: readings.netns.label,
    engine: readings.engine,
    verdict: worstVerdict(destinations.map((destination) => destination.verdict)),
    range: ports.range,
    reservedPorts: usable.reservedCount,
    usablePorts: usable.count,
    blockedPorts: namespaceBlocked,
    twReuse: ports.twReuse,
    listeners: sockets.listenerCount,
    inboundSockets: sockets.inboundCount + (sockets.rowCount - outbound),
    outboundSockets: outbound,
    destinationsInUse: inUse,
    destinationsOmitted: inUse - reports.length,
    omittedUsedPorts: used - reports.reduce((sum, { usedPorts }) => sum + usedPorts, 0),
    destinations,
    counters: readings.counters,
  };
}

function blind(readings: Readings): NamespaceReport {
  return {
    netns: readings.netns.inode,
    label: readings.netns.label,
    engine: readings.engine,
    verdict: 'blind',
    range: readings.ports?.range ?? null,
    reservedPorts: null,
    usablePorts: null,
    blockedPorts: null,
    twReuse: readings.ports?.twReuse ?? null,
    listeners: 0,
    inboundSockets: 0,
    outboundSockets: 0,
    destinationsInUse: 0,
    destinationsOmitted: 0,
    omittedUsedPorts: 0,
    destinations: [],
    counters: readings.counters,
  };
}

function report(
  sockets: SocketTable,
  destination: number,
  counts: FlowCounts,
  shared: NamespacePorts,
  ask: AskedDestination | undefined,
): DestinationReport {
  const states: Partial<Record<(typeof TCP_STATES)[number], number>> = {};
  for (const [number, name] of TCP_STATES.entries()) {
    const count = counts.states[number] ?? 0;
    if (count > 0) states[name] = count;
  }
  const result = headroom(shared, counts);
  const { firstParityCount } = shared.usable;
  return {
    local: formatAddress(sockets.localAddress(destination)),
    remote: formatAddress(sockets.remoteAddress(destination)),
    remotePort: sockets.remotePortOf(destination),
    remoteName: ask?.remoteName ?? null,
    asked: ask !== undefined,
    ...result,
    states,
    verdict: destinationVerdict(result, firstParityCount, outOfReach(shared, counts)),
  };
}

/** The destinations asked for, found again among those in use. */
class AskedSet {
  private readonly asked: readonly { ask: AskedDestination; remote: Address }[];

  constructor(asked: readonly AskedDestination[]) {
    this.asked = asked.flatMap((ask) => {
      const remote = parseAddress(ask.remote);
      return remote === null ? [] : [{ ask, remote }];
    });
  }

  /** Reports for those that no socket uses from the address the kernel would route from. */
  unused(inUse: readonly DestinationReport[], shared: NamespacePorts): DestinationReport[] {
    const key = (one: AskedDestination) => `${one.local} ${one.remote} ${one.remotePort}`;
    const known = new Set(inUse.map(key));
    return this.asked.flatMap(({ ask, remote }) => {
      if (known.has(key(ask)) || (ask.local === null && inUse.some((one) => isSameRemote(one, ask)))) return [];
      known.add(key(ask));
      const result = headroom(shared);
      return [
        {
          local: ask.local,
          remote: formatAddress(remote),
          remotePort: ask.remotePort,
          remoteName: ask.remoteName,
          asked: true,
          ...result,
          states: {},
          verdict: destinationVerdict(result, shared.usable.firstParityCount, outOfReach(shared)),
        },
      ];
    });
  }

  /** Any local address counts: whoever asks for a destination wants to see all that uses it. */
  find(sockets: SocketTable, destination: number): AskedDestination | undefined {
    if (this.asked.length === 0) return undefined;
    const port = sockets.remotePortOf(destination);
    if (!this.asked.some(({ ask }) => ask.remotePort === port)) return undefined;
    const address = sockets.remoteAddress(destination);
    return this.asked.find(({ ask, remote }) => ask.remotePort === port && compareAddresses(remote, address) === 0)
      ?.ask;
  }
}

function isSameRemote(a: AskedDestination, b: AskedDestination): boolean {
  return a.remote === b.remote && a.remotePort === b.remotePort;
}

function compareReports(a: DestinationReport, b: DestinationReport): number {
  const text = (one: DestinationReport) => `${one.remote} ${one.remotePort} ${one.local}`;
  return (
    a.headroomPorts - b.headroomPorts ||
    b.usedPorts - a.usedPorts ||
    (text(a) < text(b) ? -1 : Number(text(a) !== text(b)))
  );
}
