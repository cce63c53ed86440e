import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Assessment, DestinationReport } from '../../agent/model/assessment.ts';
import { isSince, KERNEL } from './kernel.ts';
import { Netns, type NetnsSettings, type SocketOptions, type Truth } from './netns.ts';

export const LASTPORT = fileURLToPath(new URL('../../agent/main.js', import.meta.url));

/**
 * How much /proc tells in a situation.
 * - exact: everything. headroomPorts and fastHeadroomPorts are what the kernel grants, to the port.
 * - band: it hides something that takes ports (bind(), missing timestamps): the truth lies between headroomPortsLow and
 *   headroomPorts.
 * - floor: it hides something that gives ports (SO_BINDTODEVICE): the kernel grants at least headroomPortsLow.
 */
type Knowable = 'exact' | 'band' | 'floor';

/**
 * How Lastport looks. `procfs`: as text, and asks nothing; what that can know is `knowable`. `sock_diag`: by the kernel's
 * socket diagnostics, and asks about the rest; everything is exact then, unless `unknowable` says what is not.
 */
export const WAYS = ['procfs', 'sock_diag'] as const;
export type Way = (typeof WAYS)[number];
const OPTIONS: Readonly<Record<Way, readonly string[]>> = {
  procfs: ['--engine', 'procfs', '--ask', 'off'],
  sock_diag: ['--engine', 'sock_diag'],
};

/** What the kernel grants one destination, found by hand, and what Lastport can know of it. */
export interface Answer extends SocketOptions {
  readonly to: string;
  readonly headroom: number;
  readonly fast: number;
  readonly knowable: Knowable;
  /** What not even the kernel tells when it is asked. */
  readonly unknowable?: string;
  /** In procfs: headroomPortsLow, where Lastport is sure that the host has no socket that it cannot see. */
  readonly low?: number;
  /** Numbers of the report that must be these. */
  readonly shows?: Partial<DestinationReport>;
}

export interface Situation extends NetnsSettings {
  /** What it shows. */
  readonly name: string;
  /** ip_local_port_range. */
  readonly range?: readonly [number, number];
  /** The kernel that has what this needs, [6, 3]. */
  readonly since?: readonly [number, number];
  readonly build?: (net: Netns) => Promise<void>;
  /** Counted one after the other; what is counted stays connected. */
  readonly answers: readonly Answer[];
  /** A word that must be in the `what` of a gap. */
  readonly gap?: string;
}

export const RANGE = [40000, 40099] as const;

/** Builds a situation, asks Lastport by either way, then connects until the kernel refuses, and compares. */
export async function hold(situation: Situation, t: TestContext): Promise<void> {
  const lacking = lacks(situation);
  if (lacking !== null) return t.skip(lacking);
  const sysctls = { ip_local_port_range: (situation.range ?? RANGE).join(' '), ...situation.sysctls };
  const net = await Netns.open({ ...situation, sysctls });
  try {
    await net.listen('[::]:8080');
    await net.listen('[::]:8081');
    await situation.build?.(net);
    const rows = await net.rows();
    const asked = situation.answers.map(({ to }) => to);
    const text = await look(net, asked, OPTIONS.procfs);
    const seen = { procfs: text, sock_diag: await look(net, asked, OPTIONS.sock_diag) };
    for (const answer of situation.answers) {
      const truth = await net.count(answer.to, answer);
      for (const way of WAYS) {
        try {
          compare(answer, truth, seen[way], isOddSized(situation.range ?? RANGE), way);
        } catch (error) {
          const facts = evidence(answer, truth, seen[way], rows);
          throw new Error(`by ${way}: ${(error as Error).message}\n${facts}`, { cause: error });
        }
      }
    }
    if (situation.gap !== undefined) {
      const told = text.gaps.map(({ what }) => what);
      assert.ok(
        told.some((what) => what.includes(situation.gap!)),
        `no gap tells of "${situation.gap}": ${told.join('; ')}`,
      );
    }
  } finally {
    await net.close();
  }
}

/** What this kernel lacks of what the situation needs, or null. */
export function lacks({ since, sysctls = {} }: Pick<Situation, 'since' | 'sysctls'>): string | null {
  const missing = Object.keys(sysctls).find((name) => !existsSync(`/proc/sys/net/ipv4/${name}`));
  if (missing !== undefined) return `needs net.ipv4.${missing}`;
  return since === undefined || isSince(since) ? null : `needs Linux ${since.join('.')}`;
}

/** Runs the real program in the client's namespace. */
export async function look(
  net: Netns,
  destinations: readonly string[],
  options: readonly string[],
): Promise<Assessment> {
  const argv = [process.execPath, LASTPORT, 'check', '--netns', 'self', '--format', 'json', ...options];
  const { status, stdout, stderr } = await net.run([...argv, ...destinations.flatMap((to) => ['--to', to])]);
  assert.ok(status >= 0 && status <= 3 && stdout !== '', `lastport check exited ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** `local` null: not one connect() was granted, so that the kernel did not tell which address it routes from. */
function reportOf(assessment: Assessment, to: string, local: string | null, device: string | null): DestinationReport {
  assert.equal(assessment.namespaces.length, 1, 'one namespace was asked for');
  const colon = to.lastIndexOf(':');
  const [remote, remotePort] = [to.slice(0, colon).replace(/[[\]]|%.*/g, ''), Number(to.slice(colon + 1))];
  const reports = assessment.namespaces[0]!.destinations.filter(
    (report) =>
      report.remote === remote &&
      report.remotePort === remotePort &&
      (local === null || report.local === local) &&
      (report.device === device || remote.startsWith('fe80:')),
  );
  assert.equal(reports.length, 1, `one report of ${local} → ${to}, not ${reports.length}`);
  return reports[0]!;
}

/**
 * A range of odd size: the kernel's walk may leave its lowest or its highest port out, by chance, so that it grants one
 * less; never two, for each walk reaches one of them (see outOfReach in agent/correlate/headroom.ts).
 */
export function isOddSized([low, high]: readonly [number, number]): boolean {
  return high > low && (high - low) % 2 === 0;
}

export function compare(answer: Answer, truth: Truth, assessment: Assessment, odd: boolean, way: Way): void {
  assert.equal(truth.refused, 'EADDRNOTAVAIL');
  const slack = odd ? 1 : 0;
  const by = (granted: number, byHand: number) => granted <= byHand && granted >= byHand - slack;
  assert.ok(by(truth.headroom, answer.headroom), `the kernel granted ${truth.headroom}, by hand ${answer.headroom}`);
  assert.ok(by(truth.fast, answer.fast), `the kernel granted ${truth.fast} fast, by hand ${answer.fast}`);

  const device = way === 'sock_diag' ? (answer.device ?? null) : null;
  const report = reportOf(assessment, answer.to, answer.from ?? truth.locals[0] ?? null, device);
  const { headroomPorts, headroomPortsLow, fastHeadroomPorts } = report;
  assert.ok(headroomPortsLow <= truth.headroom, `headroomPortsLow ${headroomPortsLow} > ${truth.headroom}, the truth`);
  assert.ok(headroomPortsLow <= headroomPorts, `headroomPortsLow ${headroomPortsLow} > headroomPorts ${headroomPorts}`);
  assert.equal(
    report.usedPorts + report.blockedPorts + headroomPorts - report.reusablePorts,
    report.usablePorts,
    'used + blocked + free = usable',
  );
  const isExact = isAsked(way) ? answer.unknowable === undefined : answer.knowable === 'exact';
  if (isExact) {
    assert.equal(headroomPorts, answer.headroom, 'headroomPorts');
    assert.equal(fastHeadroomPorts, answer.fast, 'fastHeadroomPorts');
  } else if (answer.knowable === 'band') {
    assert.ok(truth.headroom <= headroomPorts, `headroomPorts ${headroomPorts} < ${truth.headroom}, the truth`);
    assert.ok(truth.fast <= fastHeadroomPorts, `fastHeadroomPorts ${fastHeadroomPorts} < ${truth.fast}, the truth`);
  }
  if (way === 'sock_diag') {
    assert.equal(assessment.namespaces[0]?.engine, 'sock_diag');
    assert.deepEqual(
      assessment.gaps.filter(({ source }) => source !== 'route' && !isOfOldKernel(source)),
      [],
    );
  }
  if (isAsked(way)) {
    assert.equal(report.maybeBlockedPorts, 0, 'maybeBlockedPorts');
    // Of a TIME_WAIT to another host nobody tells whether its peer used timestamps.
    const unsure = report.reusablePorts > 0 && !isLocal(report) ? report.reusablePorts : 0;
    assert.ok(headroomPortsLow >= headroomPorts - unsure - slack, `headroomPortsLow ${headroomPortsLow}: too low`);
  }
  if (way === 'procfs' && answer.low !== undefined && !assessment.gaps.some(({ what }) => what.includes('bound'))) {
    assert.equal(headroomPortsLow, answer.low, 'headroomPortsLow');
  }
  for (const [name, value] of Object.entries(answer.shows ?? {})) {
    // What these say of a way that does not ask.
    if (way === 'sock_diag' && (name === 'headroomPorts' || (isAsked(way) && name === 'maybeBlockedPorts'))) continue;
    assert.deepEqual(report[name as keyof DestinationReport], value, name);
  }
}

/** Whether nothing is left to guess: the kernel was asked. */
export const isAsked = (way: Way): boolean => way === 'sock_diag' && KERNEL.canBeAsked && KERNEL.listsBound;

/** What older kernels do not tell is said. */
const isOfOldKernel = (source: string): boolean =>
  (source === 'port-ask' && !KERNEL.canBeAsked) || (source === 'proc-ns-sockstat' && !KERNEL.listsBound);

const isLocal = ({ remote }: DestinationReport): boolean => remote.startsWith('127.') || remote === '::1';

function evidence(answer: Answer, truth: Truth, assessment: Assessment, rows: readonly string[]): string {
  const { destinations = [], ...namespace } = assessment.namespaces[0] ?? {};
  return [
    `answer: ${JSON.stringify(answer)}`,
    `truth: ${truth.headroom}, ${truth.fast} fast, from ${truth.locals.join(', ')}`,
    ...destinations.map((report) => `report: ${JSON.stringify(report)}`),
    `namespace: ${JSON.stringify(namespace)}`,
    `gaps: ${JSON.stringify(assessment.gaps)}`,
    `/proc/net/tcp{,6}, ${rows.length} rows:`,
    ...rows.slice(0, 60).map((row) => `  ${row}`),
  ].join('\n');
}
