import type { HostInventory } from '../model/assessment.ts';
import { KNOWN_CAPABILITIES } from './capabilities.ts';
import type { DaemonHealth } from './daemon-health.ts';
import type { Sight } from './sight.ts';

/** All that `doctor` found; what `doctor --format json` prints. */
export interface DoctorReport {
  readonly schema: 'lastport/1';
  readonly kernel: string | null;
  readonly node: string;
  readonly procfs: string;
  /** null: self/status could not be read. */
  readonly uid: number | null;
  readonly capabilities: readonly string[] | null;
  readonly inventory: HostInventory | null;
  readonly sights: readonly Sight[];
  readonly daemon: DaemonHealth;
}

const MARKS: Readonly<Record<Sight['seen'], string>> = { yes: 'ok', partly: '~~', no: 'no', absent: '--' };

/** For people: who we are, each thing with its mark, then what the missing ones cost. */
export function reportTable(report: DoctorReport): string {
  const { sights, daemon } = report;
  const width = Math.max(...sights.map(({ what }) => what.length));
  const row = (mark: string, what: string, found: string) => `${mark}  ${what.padEnd(width)}  ${found}`;
  const lines = [
    [`kernel ${report.kernel ?? 'unknown'}`, `node ${report.node}`, inventoryLine(report.inventory)].join(' · '),
    credentialsLine(report),
    '',
    ...sights.map(({ seen, what, found }) => row(MARKS[seen], what, found)),
    row(daemon.state === 'healthy' ? 'ok' : daemon.state === 'not running' ? '--' : 'no', 'daemon', daemonLine(daemon)),
  ];
  const costs = sights.filter(({ costs }) => costs !== null);
  if (costs.length > 0)
    lines.push('', 'What is missing costs:', ...costs.map(({ what, costs }) => `  ${what}: ${costs}`));
  return `${lines.join('\n')}\n`;
}

function inventoryLine(inventory: HostInventory | null): string {
  if (inventory === null) return 'inventory unknown';
  const { distribution, release, architecture, virtual, cpus, memoryBytes } = inventory;
  const machine = virtual === null ? [] : [virtual ? 'virtual' : 'not virtual'];
  const gibibytes = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  return [`${distribution} ${release}`, architecture, ...machine, `${cpus} CPUs`, gibibytes].join(', ');
}

function credentialsLine({ uid, capabilities, procfs }: DoctorReport): string {
  const who =
    uid === null || capabilities === null ? 'uid and capabilities unknown' : `uid ${uid}, ${listed(capabilities)}`;
  return `${who} · procfs at ${procfs}`;
}

function listed(capabilities: readonly string[]): string {
  if (capabilities.length === 0) return 'no capabilities';
  if (capabilities.length >= KNOWN_CAPABILITIES) return 'all capabilities';
  // Nearly all is what root of a machine with one taken away has: a list would say less.
  if (capabilities.length > 8) return `${capabilities.length} of ${KNOWN_CAPABILITIES} capabilities`;
  return capabilities.join(' ');
}

const daemonLine = ({ state, listen, detail }: DaemonHealth): string => `${state} at ${listen}: ${detail}`;
