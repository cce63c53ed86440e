import { type AskedDestination, assess, assessNamespace, NamespaceMemory } from './correlate/assess.ts';
import type { Assessment, HostInventory } from './model/assessment.ts';
import type { Gap } from './model/gap.ts';
import type { Host } from './model/host.ts';
import type { Collector, CollectorRun, NetnsIdentity, Readings } from './model/readings.ts';

/** What one look needs beside the host. */
export interface LookRequest {
  /** Milliseconds since the epoch: the one `now` of this tick. */
  readonly now: number;
  readonly asked: readonly AskedDestination[];
  readonly inventory: HostInventory | null;
  /** Gaps found outside the tick: at start, or while resolving what was asked for. */
  readonly gaps: readonly Gap[];
}

/** One look: collect, correlate, assess. Keeps what must be remembered between looks; `monotonic` only times it. */
export class Look {
  private readonly memory = new NamespaceMemory();
  private readonly host: Host;
  private readonly collectors: readonly Collector[];
  private readonly monotonic: () => number;

  constructor(host: Host, collectors: readonly Collector[], monotonic: () => number) {
    this.host = host;
    this.collectors = collectors;
    this.monotonic = monotonic;
  }

  take(request: LookRequest): Assessment {
    const start = this.monotonic();
    const { readings, runs } = this.collect();
    const host = {
      name: this.fact('sys/kernel/hostname'),
      kernel: this.fact('sys/kernel/osrelease'),
      inventory: request.inventory,
    };
    const namespaces = [assessNamespace(readings, this.memory, request.asked)];
    const gaps = [...readings.gaps, ...request.gaps];
    return assess({ host, namespaces, gaps, collectors: runs, tookMs: this.monotonic() - start }, request.now);
  }

  private collect(): { readings: Readings; runs: CollectorRun[] } {
    const readings: Readings = {
      netns: netnsIdentity(this.host),
      engine: 'procfs',
      sockets: null,
      ports: null,
      counters: {},
      unlistedSockets: null,
      gaps: [],
    };
    const runs = this.collectors.map((collector) => {
      const start = this.monotonic();
      let ok = true;
      try {
        collector.collect(readings, this.host);
      } catch (error) {
        ok = false;
        readings.gaps.push({
          source: collector.name,
          what: 'all that it reads',
          why: (error as Error).message,
          costs: 'there is no answer for this network namespace without it',
        });
      }
      return { collector: collector.name, durationMs: this.monotonic() - start, ok };
    });
    return { readings, runs };
  }

  private fact(path: string): string {
    try {
      return this.host.readText(path).trim();
    } catch {
      return 'unknown';
    }
  }
}

/**
 * The namespace's inode from self/ns/net, and its label: "host" where it is pid 1's. Where pid 1 may not be looked at
 * (no privilege), a process outside any user namespace is taken to be in the host's.
 */
export function netnsIdentity(host: Host): NetnsIdentity {
  const link = (path: string): number | null => {
    try {
      return Number(/^net:\[(\d+)\]$/.exec(host.readLink(path))?.[1] ?? Number.NaN) || null;
    } catch {
      return null;
    }
  };
  const inode = link('self/ns/net');
  if (inode === null) return { inode, label: 'host' };
  const first = link('1/ns/net');
  const isHost = first === null ? !inUserNamespace(host) : first === inode;
  return { inode, label: isHost ? 'host' : String(inode) };
}

/** user_namespaces(7): the initial one maps every uid to itself. */
function inUserNamespace(host: Host): boolean {
  try {
    return !/^\s*0\s+0\s+4294967295\s*$/.test(host.readText('self/uid_map'));
  } catch {
    return false;
  }
}
