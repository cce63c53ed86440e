// Readings built from rows, and a plain answer to hold the fast one against.

import type { AskedDestination } from '../../agent/correlate/asked.ts';
import { Correlator, NamespaceMemory } from '../../agent/correlate/assess.ts';
import { formatAddress, isLoopback } from '../../agent/model/address.ts';
import type { DestinationReport, NamespaceReport } from '../../agent/model/assessment.ts';
import type { PortSettings } from '../../agent/model/port-settings.ts';
import type { Readings } from '../../agent/model/readings.ts';
import { SocketTable } from '../../agent/model/socket-table.ts';
import { ProcNetTcpParser } from '../../collectors/proc-net-tcp-parser.ts';
import { encodeTable, type Row } from './proc-net-tcp.ts';

export function settings(overrides: Partial<PortSettings> = {}): PortSettings {
  return {
    range: { low: 40000, high: 40099 },
    reserved: new Uint8Array(65536),
    twReuse: 'loopback',
    twReuseDelayMs: 1000,
    timestamps: true,
    finTimeoutMs: 60_000,
    maxTwBuckets: 131072,
    ...overrides,
  };
}

/** A SocketTable that went through text, as from /proc: IPv6 rows first, as the collector reads them. */
export function tableOf(v4: readonly Row[], v6: readonly Row[] = []): SocketTable {
  const table = new SocketTable();
  for (const [family, rows] of [[6, v6] as const, [4, v4] as const]) {
    const parser = new ProcNetTcpParser(`net/tcp${family}`, family, table);
    const bytes = Buffer.from(`${encodeTable(rows, family)}`);
    // One byte more than the text, so that the buffer is not taken for one with an endless line.
    const buffer = Buffer.alloc(bytes.length + 1);
    bytes.copy(buffer);
    parser.finish(buffer, bytes.length - parser.feed(buffer, bytes.length));
    if (parser.firstError !== null) throw parser.firstError;
  }
  return table;
}

export function readings(
  sockets: SocketTable | null,
  ports: PortSettings | null,
  overrides: Partial<Readings> = {},
): Readings {
  const netns = { inode: 4026531840, label: 'host' };
  return {
    netns,
    engine: 'procfs',
    wantsBound: false,
    sockets,
    interfaces: new Map(),
    ports,
    counters: {},
    unlistedSockets: 0,
    gaps: [],
    ...overrides,
  };
}

/** As a tick starts, before any collector has run. */
export function emptyReadings(): Readings {
  return readings(null, null, { engine: null, wantsBound: true, unlistedSockets: null });
}

export function namespaceOf(
  v4: readonly Row[],
  options: {
    v6?: readonly Row[];
    ports?: PortSettings;
    asked?: readonly AskedDestination[];
    memory?: NamespaceMemory;
  } = {},
): NamespaceReport {
  const { v6 = [], ports = settings(), asked = [], memory = new NamespaceMemory() } = options;
  return new Correlator().assess(readings(tableOf(v4, v6), ports), memory, asked, { now: 0 });
}

/** The same answer, computed with sets and strings straight from the rules. */
export function plainAnswer(rows: readonly Row[], ports: PortSettings) {
  const { low, high } = ports.range;
  const usable = new Set<number>();
  for (let port = low; port <= high; port++) if (!ports.reserved?.[port]) usable.add(port);
  const listening = new Set(rows.filter(({ state }) => state === 'listen').map(({ localPort }) => localPort));
  const blocked = [...usable].filter((port) => listening.has(port));
  const inUse = new Set(rows.map(({ localPort }) => localPort).filter((p) => usable.has(p) && !listening.has(p)));
  const flows = new Map<string, Map<number, Row[]>>();
  for (const row of rows) {
    if (row.state === 'listen' || listening.has(row.localPort)) continue;
    const key = `${formatAddress(row.local)} ${formatAddress(row.remote)} ${row.remotePort}`;
    const flow = flows.get(key) ?? new Map<number, Row[]>();
    flows.set(key, flow);
    if (usable.has(row.localPort)) flow.set(row.localPort, [...(flow.get(row.localPort) ?? []), row]);
  }
  const firstParity = (port: number) => (port - low) % 2 === 0;
  return new Map(
    [...flows].map(([key, flow]) => {
      const reusable = [...flow].filter(([, seen]) =>
        seen.every((row) => {
          const loopback = isLoopback(row.local) || isLoopback(row.remote);
          const allowed = ports.twReuse === 'on' || (ports.twReuse === 'loopback' && loopback);
          const age = 60_000 - (row.timerLeft ?? 0) * 10;
          return row.state === 'time_wait' && allowed && ports.timestamps && age > (ports.twReuseDelayMs ?? 1000);
        }),
      );
      const free = usable.size - flow.size - blocked.length;
      const taken = [...flow.keys(), ...blocked];
      return [
        key,
        {
          usedPorts: flow.size,
          blockedPorts: blocked.length,
          maybeBlockedPorts: [...inUse].filter((port) => !flow.has(port)).length,
          reusablePorts: reusable.length,
          headroomPorts: free + reusable.length,
          fastHeadroomPorts:
            [...usable].filter((port) => firstParity(port) && !taken.includes(port)).length +
            reusable.filter(([port]) => firstParity(port)).length,
        },
      ];
    }),
  );
}

export const keyOf = ({ local, remote, remotePort }: DestinationReport) => `${local} ${remote} ${remotePort}`;
