import type { DestinationReport } from '../../model/assessment.ts';

/** The numbers of this traffic that remedies are written with. */
export interface Sizing {
  /** Requests under way at once, at most, as far as was seen. */
  readonly concurrent: number;
  /** Connections for them, with some to spare. */
  readonly connections: number;
  /** Connections opened a second; null: not known. */
  readonly opensPerSecond: number | null;
  /** Ports that so many connections take once they are kept. */
  readonly portsAfter: number;
  readonly usedPorts: number;
  readonly keepAliveMs: number;
  readonly remote: string;
  readonly remotePort: number;
  readonly scheme: 'http' | 'https';
}

/** Chance and growth: a pool that is just large enough is soon too small. */
const SPARE = 1.25;
const LEAST = 10;
/** Where a burst was not limited, what came at once says little of what is needed at once. */
const MOST = 256;
/** Longer than the pauses of most traffic, shorter than load balancers keep idle connections (60 s and up). */
const KEEP_ALIVE_MS = 30_000;
/** Below a server's own, or a request may meet its close. */
const BEFORE_SERVER_MS = 1000;

export function sizingOf(report: Omit<DestinationReport, 'causes'>): Sizing {
  const { probe, states, remote, remotePort, remoteName, opensPerSecond, usedPorts } = report;
  const live = states.established ?? 0;
  const concurrent = Math.max(1, probe === null ? live : probe.marks.concurrent);
  const connections = nice(Math.max(LEAST, Math.min(MOST, concurrent * SPARE)));
  const hint = probe?.keepAliveHintSeconds ?? null;
  const isTls = probe?.isTls ?? (remotePort === 443 || remotePort === 8443);
  return {
    concurrent,
    connections,
    opensPerSecond,
    portsAfter: Math.min(connections, usedPorts),
    usedPorts,
    keepAliveMs: hint === null || hint < 5 ? KEEP_ALIVE_MS : Math.min(KEEP_ALIVE_MS, hint * 1000 - BEFORE_SERVER_MS),
    remote: remoteName ?? (remote.includes(':') ? `[${remote}]` : remote),
    remotePort,
    scheme: isTls ? 'https' : 'http',
  };
}

/** Up to the next round number: 10, 16, 20, 32, 50, 64, 100, 128, 200, 256. */
function nice(count: number): number {
  return [10, 16, 20, 32, 50, 64, 100, 128, 200, 256].find((one) => one >= count) ?? MOST;
}

export const originOf = ({ scheme, remote, remotePort }: Sizing): string => `${scheme}://${remote}:${remotePort}`;

/** What to expect of connections that are kept. */
export const afterwards = ({ portsAfter, usedPorts }: Sizing): string =>
  `some ${portsAfter} ports in use instead of ${usedPorts}, once TIME_WAIT has run out`;
