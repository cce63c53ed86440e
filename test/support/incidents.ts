// Incidents for exporters, and a folder in memory that fails as it is told.
import type { Incident, IncidentDestination, IncidentSummary } from '../../agent/model/incident.ts';
import type { Folder } from '../../exporters/incidents/folder.ts';
import { destination } from './assessments.ts';

export function incidentDestination(overrides: Partial<IncidentDestination> = {}): IncidentDestination {
  return {
    netns: 'host',
    local: '10.9.0.1',
    device: null,
    remote: '10.9.0.2',
    remotePort: 8080,
    remoteName: null,
    since: '2026-11-23T02:40:00.000Z',
    until: '2026-11-23T02:41:35.000Z',
    verdict: 'critical',
    lowestHeadroomPorts: 0,
    lowestAt: '2026-11-23T02:40:07.000Z',
    usablePorts: 28_232,
    mostUsedPorts: 28_229,
    exhaustedSeconds: 72.4,
    slowSeconds: 88,
    connectErrors: 3412,
    mostOpensPerSecond: 3480.2,
    owner: destination().owners![0]!,
    cause:
      'connections are closed after use instead of being reused: 3479 a second are closed by this host, and each holds its port for another minute',
    remedy: 'keep connections alive and reuse them',
    ...overrides,
  };
}

export function summary(overrides: Partial<IncidentSummary> = {}): IncidentSummary {
  const startedAt = overrides.startedAt ?? '2026-11-23T02:40:00.000Z';
  return {
    schema: 'lastport-incident/1',
    id: startedAt.replace(/[-:.]/g, ''),
    host: 'web-1',
    startedAt,
    endedAt: '2026-11-23T02:41:35.000Z',
    writtenAt: '2026-11-23T02:43:35.000Z',
    seconds: 95,
    verdict: 'critical',
    destinations: [incidentDestination()],
    omittedDestinations: 0,
    blind: [],
    ...overrides,
  };
}

/** One that began so many minutes after 02:00. */
export function incident(minutes: number, samples: readonly string[] = ['{"schema":"lastport/1"}']): Incident {
  const startedAt = new Date(Date.parse('2026-11-23T02:00:00Z') + minutes * 60_000).toISOString();
  return { summary: summary({ startedAt }), samples };
}

export interface FakeFolder extends Folder {
  readonly files: Map<string, { bytes: Uint8Array; changedAt: number }>;
  /** Calls of replace() that are under way. */
  busy: number;
  busiest: number;
  /** What replace() and list() fail with; null: nothing. */
  fault: Error | null;
  listFault: Error | null;
  /** Called by each replace(). */
  onReplace: () => void;
  /** replace() waits for it. */
  held: Promise<void>;
}

export function fakeFolder(now: () => number = () => 0): FakeFolder {
  const folder: FakeFolder = {
    path: '/state/incidents',
    files: new Map(),
    busy: 0,
    busiest: 0,
    fault: null,
    listFault: null,
    onReplace: () => undefined,
    held: Promise.resolve(),
    async list() {
      if (folder.listFault !== null) throw folder.listFault;
      const names = [...folder.files.keys()].sort();
      return names.map((name) => {
        const { bytes, changedAt } = folder.files.get(name)!;
        return { name, bytes: bytes.length, changedAt };
      });
    },
    async read(name) {
      const found = folder.files.get(name);
      if (found === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' });
      return found.bytes;
    },
    async replace(name, bytes) {
      folder.busy++;
      folder.onReplace();
      folder.busiest = Math.max(folder.busiest, folder.busy);
      try {
        await folder.held;
        if (folder.fault !== null) throw folder.fault;
        folder.files.set(name, { bytes, changedAt: now() });
      } finally {
        folder.busy--;
      }
    },
    async remove(name) {
      folder.files.delete(name);
    },
  };
  return folder;
}
