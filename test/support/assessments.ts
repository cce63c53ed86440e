// Sample Assessments for exporters.
import type {
  Assessment,
  BindPoolReport,
  DestinationReport,
  NamespaceReport,
  Owner,
} from '../../agent/model/assessment.ts';
import type { CauseReport } from '../../agent/model/cause.ts';
import { NO_POOL_FORECAST, type PoolReport } from '../../agent/model/pool.ts';

export function cause(overrides: Partial<CauseReport> = {}): CauseReport {
  return {
    cause: 'unread_body',
    confidence: 'certain',
    evidence: ['900 connections closed'],
    portsBack: 900,
    callSite: null,
    remedies: ['read every response body to its end'],
    ...overrides,
  };
}

export function owner(overrides: Partial<Owner> = {}): Owner {
  return {
    pid: 4242,
    comm: 'node',
    command: 'node server.js',
    user: 'api',
    commandLine: null,
    unit: 'api.service',
    container: null,
    usedPorts: 14_000,
    how: 'remembered',
    ...overrides,
  };
}

/** What a destination has where a probe tells of it. */
export const PROBED: Pick<DestinationReport, 'probe' | 'requests'> = {
  probe: {
    programs: [{ pid: 4242, node: '22.11.0', requests: 208_000 }],
    remoteName: 'api.example.com',
    clients: ['undici'],
    isTls: false,
    seconds: 60,
    counts: {
      opens: 200_000,
      requests: 208_000,
      opensBesideIdle: 12,
      closes: { body_unread: 199_000, idle_timeout: 50 },
      connectErrors: {},
    },
    gauges: { open: 120, idle: 8, unread: 0, unused: 0, clients: 0 },
    marks: { open: 130, concurrent: 110, queued: 40 },
    keepAliveHintSeconds: 5,
    callSites: [{ site: '/srv/app/api.js:41', reason: 'body_unread', count: 900 }],
    requestsPerSecond: 3480,
    totals: { requests: 500_000, closes: { body_unread: 480_000, idle_timeout: 90 } },
    timeWait: { body_unread: 13_800 },
    isAll: true,
  },
  requests: { perSecond: 3480, perConnection: 1.04 },
};

export function destination(overrides: Partial<DestinationReport> = {}): DestinationReport {
  return {
    local: '10.9.0.1',
    device: null,
    remote: '10.9.0.2',
    remotePort: 8080,
    remoteName: null,
    asked: false,
    usablePorts: 28232,
    usedPorts: 14020,
    blockedPorts: 3,
    maybeBlockedPorts: 0,
    reusablePorts: 0,
    headroomPorts: 14209,
    headroomPortsLow: 14209,
    fastHeadroomPorts: 95,
    states: { established: 120, time_wait: 13900 },
    owners: [owner()],
    unownedPorts: 20,
    connectErrors: [{ code: 'EADDRNOTAVAIL', total: 7, pid: 4242, command: 'node server.js' }],
    opensPerSecond: 3480.2,
    closesPerSecond: { local: 3479, remote: 0 },
    requests: null,
    probe: null,
    causes: [],
    opensTotal: 52_000,
    closesTotal: { local: 51_900, remote: 12 },
    forecast: {
      kind: 'draining',
      slowConnectInSeconds: 0.03,
      exhaustedInSeconds: 4.1,
      slowConnectInSecondsAtLow: 0.03,
      exhaustedInSecondsAtLow: 4.2,
      peakUsedPorts: 208_000,
      settlesAtPorts: 208_000,
      opensPerSecondLow: 3398,
      opensPerSecondHigh: 3562,
    },
    tide: null,
    verdict: 'watch',
    ...overrides,
  };
}

/** Healthy, but for what is overridden. */
export function bindPool(overrides: Partial<BindPoolReport> = {}): BindPoolReport {
  return {
    local: '10.9.0.1',
    usablePorts: 28232,
    usedPorts: 1400,
    headroomPorts: 26_832,
    anyHeadroomPorts: 26_000,
    headroomPortsLow: 25_990,
    bindsTo: 'unknown',
    opensPerSecond: 20.5,
    forecast: {
      kind: 'steady',
      slowConnectInSeconds: null,
      exhaustedInSeconds: null,
      slowConnectInSecondsAtLow: null,
      exhaustedInSecondsAtLow: null,
      peakUsedPorts: 1500,
      settlesAtPorts: 1450,
      opensPerSecondLow: 18,
      opensPerSecondHigh: 23,
    },
    verdict: 'healthy',
    ...overrides,
  };
}

export function namespace(overrides: Partial<NamespaceReport> = {}): NamespaceReport {
  const destinations = overrides.destinations ?? [destination()];
  return {
    netns: 4026531840,
    label: 'host',
    engine: 'procfs',
    lookedAt: '2026-11-23T02:40:00.000Z',
    sockets: 142,
    verdict: 'watch',
    range: { low: 32768, high: 60999 },
    reservedPorts: 0,
    usablePorts: 28232,
    blockedPorts: 3,
    twReuse: 'loopback',
    timeWaitMost: 131_072,
    listeners: 4,
    inboundSockets: 17,
    outboundSockets: 14020,
    destinationsInUse: destinations.length,
    destinationsOmitted: 0,
    omittedUsedPorts: 0,
    bindPools: [bindPool()],
    connectErrors: [{ code: 'EADDRNOTAVAIL', total: 9, pid: 4242, command: 'node server.js' }],
    counters: { activeOpens: 62, socketsInUse: 140, socketsInUse6: 2, conntrackEntries: 17 },
    ...overrides,
    destinations,
  };
}

export function assessment(overrides: Partial<Assessment> = {}): Assessment {
  return {
    schema: 'lastport/1',
    takenAt: '2026-11-23T02:40:00.000Z',
    tookMs: 12.5,
    host: {
      name: 'web-1',
      kernel: '6.18.44',
      inventory: { distribution: 'Debian', release: '12', architecture: 'x64', virtual: true, cpus: 2, memoryBytes: 1 },
    },
    verdict: 'watch',
    namespaces: [namespace()],
    pools: [],
    gaps: [],
    probes: null,
    trace: { mode: 'all', events: 1234, lostEvents: 0, connectErrors: [] },
    collectors: [{ collector: 'proc-net-tcp', durationMs: 11, ok: true }],
    ...overrides,
  };
}

/** What a NAT lends. */
export function pool(overrides: Partial<PoolReport> = {}): PoolReport {
  return {
    name: 'azure-load-balancer',
    kind: 'nat',
    netns: null,
    limit: 1024,
    heldSeconds: 240,
    used: 412,
    usedLow: 400,
    usedHigh: 412,
    headroom: 612,
    forecast: { ...NO_POOL_FORECAST, kind: 'steady', settlesAt: 430 },
    verdict: 'healthy',
    destination: { remote: '203.0.113.7', remotePort: 443 },
    ...overrides,
  };
}
