import { env, getuid, version } from 'node:process';
import { readInventory } from '../../collectors/system.ts';
import type { Config } from '../config/config.ts';
import { runtimeSocketOf } from '../config/runtime-socket.ts';
import { daemonPlaces } from '../daemon-places.ts';
import { accessSight } from '../doctor/access-sight.ts';
import { askGaps, askHealthSomewhere, type DaemonHealth } from '../doctor/daemon-health.ts';
import { kernelSights } from '../doctor/kernel-sight.ts';
import { nativeSights } from '../doctor/native.ts';
import { probeSights } from '../doctor/probe-sight.ts';
import { type DoctorReport, reportTable } from '../doctor/report.ts';
import { credentials, isBlind, look, type Sight } from '../doctor/sight.ts';
import type { HostInventory } from '../model/assessment.ts';
import type { Host } from '../model/host.ts';
import { triedLibc } from '../tried-libc.ts';

/** What doctor asks beside the files of the Host; for tests. */
export interface DoctorProbes {
  readonly nodeVersion: string;
  readonly inventory: () => Promise<HostInventory>;
  /** What the kernel tells beside /proc. */
  readonly native: (host: Host, config: Pick<Config, 'stateDir'>) => readonly Sight[];
  /** Whether programs can report by themselves. */
  readonly probe: (config: Pick<Config, 'probeSocket'>) => readonly Sight[];
  readonly health: (config: Pick<Config, 'listen' | 'apiSocket'>) => Promise<DaemonHealth>;
  /** What the daemon that runs there misses. */
  readonly gaps: (config: Pick<Config, 'listen' | 'apiSocket'>) => Promise<readonly Sight[]>;
}

const PROBES: DoctorProbes = {
  nodeVersion: version,
  inventory: readInventory,
  native: (host, config) => nativeSights(host, triedLibc(config, 'always')),
  probe: ({ probeSocket }) => probeSights(runtimeSocketOf(probeSocket, 'probe.sock', env, getuid?.() === 0)),
  health: (config) => askHealthSomewhere(daemonPlaces(config)),
  gaps: (config) => askGaps(daemonPlaces(config)),
};

/** `lastport doctor`: what this machine lets it see, and what each missing thing costs. Returns the exit code. */
export async function doctor(
  config: Config,
  host: Host,
  stdout: (text: string) => void,
  probes: DoctorProbes = PROBES,
): Promise<0 | 3> {
  const report = await examine(config, host, probes);
  stdout(config.format === 'json' ? `${JSON.stringify(report)}\n` : reportTable(report));
  return isBlind(report.sights) ? 3 : 0;
}

export async function examine(config: Config, host: Host, probes: DoctorProbes): Promise<DoctorReport> {
  const [inventory, daemon, gaps] = await Promise.all([
    probes.inventory().catch((error: unknown) => error as Error),
    probes.health(config),
    probes.gaps(config),
  ]);
  const unknown: Sight[] =
    inventory instanceof Error
      ? [{ what: 'inventory', seen: 'no', found: inventory.message, costs: 'distribution, CPUs and memory in reports' }]
      : [];
  const access = await accessSight(config);
  const own = credentials(host);
  return {
    schema: 'lastport/1',
    kernel: kernelOf(host),
    node: probes.nodeVersion,
    procfs: host.procfs,
    uid: own instanceof Error ? null : own.uid,
    capabilities: own instanceof Error ? null : own.capabilities,
    inventory: inventory instanceof Error ? null : inventory,
    sights: [
      ...kernelSights(kernelOf(host)),
      ...look(host),
      ...probes.native(host, config),
      ...probes.probe(config),
      access,
      ...unknown,
      ...gaps,
    ],
    daemon,
  };
}

function kernelOf(host: Host): string | null {
  try {
    return host.readText('sys/kernel/osrelease').trim();
  } catch {
    return null;
  }
}
