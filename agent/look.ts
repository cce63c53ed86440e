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
    const failures: Gap[] = [];
    const runs = this.collectors.map((collector) => {
      const start = this.monotonic();
      let ok = true;
      try {
        collector.collect(readings, this.host);
      } catch (error) {
        ok = false;
        failures.push({
          source: collector.name,
          what: 'all that it reads',
          why: (error as Error).message,
          costs: collector.costs,
        });
      }
      return { collector: collector.name, durationMs: this.monotonic() - start, ok };
    });
    // First, and in the collectors' order: if there is no answer, the first of these is why.
    readings.gaps.unshift(...failures);
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

/** The host's own network namespace on kernels that give it a fixed inode (PROC_NET_INIT_INO, include/linux/proc_ns.h). */
const INITIAL_NETNS = 0xeffffff9;
/** Older kernels number it like any file of /proc, early at boot: others come later and get higher numbers. */
const HIGHEST_EARLY_INODE = 4026531999;

/**
 * The namespace's inode from self/ns/net, and its label: "host" where it is pid 1's, else the inode. Where pid 1 may
 * not be looked at (no privilege), the inode itself tells.
 */
function netnsIdentity(host: Host): NetnsIdentity {
  const link = (path: string): number | null => {
    try {
      return Number(/^net:\[(\d+)\]$/.exec(host.readLink(path))?.[1] ?? Number.NaN) || null;
    } catch {
      return null;
    }
  };
  const inode = link('self/ns/net');
  if (inode === null || inode === INITIAL_NETNS) return { inode, label: 'host' };
  const first = link('1/ns/net');
  const isHost = first === null ? inode <= HIGHEST_EARLY_INODE : first === inode;
  return { inode, label: isHost ? 'host' : String(inode) };
}
