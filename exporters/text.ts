import { formatEndpoint } from '../agent/model/address.ts';
import {
  type Assessment,
  type BindPoolReport,
  type DestinationReport,
  type NamespaceReport,
  poolHeadroom,
  VERDICTS,
  type Verdict,
} from '../agent/model/assessment.ts';
import { CAUSE_WORDS } from '../agent/model/cause-words.ts';
import { plainText } from '../agent/model/shape.ts';
import { poolLines } from './pool-text.ts';
import { shortSeconds } from './short-seconds.ts';

export interface TextOptions {
  /** Show every destination, not only the tight ones and those asked for. */
  readonly all: boolean;
  /** ANSI colours. They repeat what marks and words say. */
  readonly color: boolean;
}

export const MARKS: Readonly<Record<Verdict, string>> = {
  healthy: 'ok',
  watch: '~ ',
  warning: '! ',
  blind: '? ',
  critical: '!!',
};
const STATUS: Readonly<Record<Verdict, string>> = {
  healthy: 'OK',
  watch: 'OK',
  warning: 'WARNING',
  blind: 'BLIND',
  critical: 'CRITICAL',
};
/** SGR codes: green, cyan, yellow, magenta, bold red. */
const COLORS: Readonly<Record<Verdict, string>> = {
  healthy: '32',
  watch: '36',
  warning: '33',
  blind: '35',
  critical: '1;31',
};
/** Below this a healthy destination is not worth a line. */
const SHOWN_RATIO = 0.05;
/** A deadline farther away is not worth a word. */
const SHOWN_SECONDS = 3600;
export const TW_REUSE_NUMBER = { off: 0, on: 1, loopback: 2 } as const;

/**
 * What `lastport check` prints: one sentence with perfdata that Nagios understands, then the tightest destinations, what
 * was not visible, and where to go on.
 */
export function checkTable(assessment: Assessment, { all, color }: TextOptions): string {
  const paint = (text: string, verdict: Verdict) => (color ? `\u001b[${COLORS[verdict]}m${text}\u001b[0m` : text);
  const lines = [paint(sentence(assessment), assessment.verdict)];
  const [first, ...others] = assessment.namespaces;
  const shown = others.filter((one) => all || one.verdict !== 'healthy' || one.destinations.some(isWorthALine));
  for (const namespace of first === undefined ? [] : [first, ...shown]) {
    lines.push(...namespaceLines(namespace, assessment.takenAt, all, paint));
  }
  const folded = others.length - shown.length;
  if (folded > 0) lines.push(`${count(folded)} more network namespace${folded === 1 ? '' : 's'} below 5 % (--all)`);
  for (const { pool, text } of poolLines(assessment.pools, all)) {
    lines.push(`${paint(MARKS[pool.verdict], pool.verdict)} ${text}`);
  }
  for (const { what, why } of assessment.gaps) lines.push(`Not visible: ${what}`, `  ${why}`);
  const next = nextStep(assessment);
  if (next !== null) lines.push(`Next: ${next}`);
  return `${lines.map(printable).join('\n')}\n`;
}

/** The first line, without its perfdata, so many seconds after the look. */
export function headline(assessment: Assessment, ageSeconds = 0): string {
  return printable(sentence(assessment, ageSeconds).split(' | ', 1)[0] as string);
}

function sentence(assessment: Assessment, ageSeconds = 0): string {
  const { host, verdict, gaps } = assessment;
  // What follows a | is perfdata.
  const status = `${STATUS[verdict]} ${host.name.replaceAll('|', '?')}:`;
  if (verdict === 'blind') return `${status} cannot look: ${gaps[0]?.why ?? 'no reason known'}`;
  const worst = worstOf(assessment);
  const pool = worstPool(assessment, worst);
  if (pool !== undefined) return `${status} ${poolFinding(pool)} | worst_used=${percent(poolSaturation(pool))}%;80;95`;
  const used = `worst_used=${worst === undefined ? 0 : percent(saturation(worst))}%;80;95`;
  const low = verdict === 'healthy' || worst?.verdict === verdict ? undefined : lowPool(assessment);
  if (low !== undefined) return `${status} ${low.replaceAll('|', '?')} | ${used}`;
  if (worst === undefined) return `${status} no destination in use | ${used}`;
  const netns = assessment.namespaces.find(({ destinations }) => destinations.includes(worst))?.label ?? 'host';
  const inside = assessment.namespaces.length > 1 && netns !== 'host' ? ` in ${netns.replaceAll('|', '?')}` : '';
  const where = `${formatEndpoint(worst.remote, worst.remotePort)}${inside}`;
  return `${status} ${finding(worst, where, ageSeconds)} | ${used}`;
}

/** What is not fine beside the destinations. */
function lowPool({ pools, verdict }: Assessment): string | undefined {
  return poolLines(pools, false).find(({ pool }) => pool.verdict === verdict)?.text;
}

function finding(one: DestinationReport, where: string, ageSeconds: number): string {
  const { headroomPorts, usablePorts, fastHeadroomPorts, verdict, forecast } = one;
  const owner = programOf(one)?.replaceAll('|', '?');
  const who = owner === undefined ? '' : ` (${owner})`;
  if (headroomPorts === 0) return `${where} is out of ports, all ${count(usablePorts)} are taken${who}`;
  const left = `${count(headroomPorts)} of ${count(usablePorts)} ports left${who}`;
  if (verdict === 'healthy') return `tightest is ${where}, ${left}`;
  const full = deadline(forecast.exhaustedInSeconds, ageSeconds);
  if (full !== null) return `${where} out of ports ${full === 'now' ? 'any moment' : `in ${full}`}${who}`;
  if (fastHeadroomPorts === 0) return `connect() to ${where} is slow now, ${left}`;
  const slow = deadline(forecast.slowConnectInSeconds, ageSeconds);
  return slow === null
    ? `${where} has ${left}`
    : `connect() to ${where} is slow ${slow === 'now' ? slow : `in ${slow}`}, ${left}`;
}

/** "now", "4.1s", "12m"; null: not in sight. */
function deadline(seconds: number | null, ageSeconds = 0): string | null {
  if (seconds === null || seconds > SHOWN_SECONDS) return null;
  const left = seconds - ageSeconds;
  if (left <= 0) return 'now';
  return shortSeconds(left);
}

function poolFinding(pool: BindPoolReport): string {
  const left = poolHeadroom(pool);
  if (left === 0) return `bind() before connect() from ${pool.local} is out of ports`;
  return `bind() before connect() from ${pool.local} has ${count(left)} of ${count(pool.usablePorts)} ports left`;
}

/** The tightest pool, if it is worse than every destination. */
function worstPool({ namespaces }: Assessment, worst: DestinationReport | undefined): BindPoolReport | undefined {
  const severity = ({ verdict }: { readonly verdict: Verdict }) => VERDICTS.indexOf(verdict);
  const [pool] = namespaces
    .flatMap(({ bindPools }) => bindPools)
    .sort((a, b) => severity(b) - severity(a) || poolSaturation(b) - poolSaturation(a));
  if (pool === undefined || pool.verdict === 'healthy') return undefined;
  return worst === undefined || severity(pool) > severity(worst) ? pool : undefined;
}

function poolSaturation(pool: BindPoolReport): number {
  return pool.usablePorts === 0 ? 1 : 1 - poolHeadroom(pool) / pool.usablePorts;
}

type Paint = (text: string, verdict: Verdict) => string;

function namespaceLines(namespace: NamespaceReport, takenAt: string, all: boolean, paint: Paint): string[] {
  if (namespace.usablePorts === null) return [];
  const shown = namespace.destinations.filter((one) => all || isWorthALine(one));
  // A column that says the same in every row says nothing.
  const from = new Set(shown.map(fromOf));
  const facts = [
    `${count(namespace.usablePorts)} usable ports per destination (not per host)`,
    ...(namespace.twReuse === null ? [] : [`tcp_tw_reuse ${TW_REUSE_NUMBER[namespace.twReuse]}`]),
    `${takenAt.slice(11, 19)}Z`,
    ...(namespace.label === 'host' ? [] : [`netns ${namespace.label}`]),
  ];
  const folded = namespace.destinations.length - shown.length;
  const lines = [facts.join(' · ')];
  if (shown.length > 0) {
    const rows = [HEADINGS, ...shown.map(cells)];
    const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    const line = (row: readonly string[]) =>
      row.flatMap((cell, column) => {
        if (column === FROM && from.size === 1) return [];
        return LEFT_COLUMNS.has(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
      });
    lines.push(`   ${line(HEADINGS).join('  ')}`.trimEnd());
    for (const [index, one] of shown.entries()) {
      lines.push(
        `${paint(MARKS[one.verdict], one.verdict)} ${line(rows[index + 1]!).join('  ')}`.trimEnd(),
        ...details(one),
      );
    }
  }
  if (folded > 0) lines.push(`   ${count(folded)} more below 5 % (--all)`);
  for (const pool of namespace.bindPools) {
    if (all || pool.verdict !== 'healthy') lines.push(`${paint(MARKS[pool.verdict], pool.verdict)} ${poolLine(pool)}`);
  }
  if (namespace.destinationsOmitted > 0) {
    const { destinationsOmitted, omittedUsedPorts } = namespace;
    lines.push(`   ${count(destinationsOmitted)} others use ${count(omittedUsedPorts)} ports together`);
  }
  return lines;
}

/** A pool is no destination: a line of its own, in words. */
function poolLine(pool: BindPoolReport): string {
  const { local, usablePorts, usedPorts, headroomPorts, anyHeadroomPorts, bindsTo, opensPerSecond } = pool;
  const { exhaustedInSeconds } = pool.forecast;
  const any =
    bindsTo === 'local' || anyHeadroomPorts === headroomPorts ? [] : [`${count(anyHeadroomPorts)} to any address`];
  const parts = [
    `bind() before connect() from ${local}: ${count(headroomPorts)} of ${count(usablePorts)} ports left`,
    ...any,
    `${count(usedPorts)} taken`,
    ...(opensPerSecond === null ? [] : [`${rate(opensPerSecond)} bound/s`]),
    ...(exhaustedInSeconds === null || exhaustedInSeconds > SHOWN_SECONDS
      ? []
      : [exhaustedInSeconds <= 0 ? 'out of ports now' : `out of ports in ${exhaustedInSeconds.toFixed(1)} s`]),
  ];
  return parts.join(' · ');
}

const HEADINGS = ['DESTINATION', 'FROM', 'USED', '', 'FREE', 'NEW/s', 'SLOW', 'FULL', 'OWNER'] as const;
const FROM = 1;
/** Aligned to the left: the first two, and the last. */
const LEFT_COLUMNS: ReadonlySet<number> = new Set([0, 1, HEADINGS.length - 1]);

const fromOf = ({ local, device }: DestinationReport): string =>
  device === null ? (local ?? 'no route') : `${local}%${device}`;

function cells(one: DestinationReport): readonly string[] {
  return [
    formatEndpoint(one.remote, one.remotePort),
    fromOf(one),
    count(one.usedPorts),
    `${percent(one.usablePorts === 0 ? 0 : one.usedPorts / one.usablePorts)}%`,
    count(one.headroomPorts),
    // One look can't tell how many connections a peer has closed.
    one.opensPerSecond === null ? '?' : rate(one.opensPerSecond),
    one.fastHeadroomPorts === 0 ? 'now' : inSight(one, one.forecast.slowConnectInSeconds),
    one.headroomPorts === 0 ? 'now' : inSight(one, one.forecast.exhaustedInSeconds),
    ownerOf(one),
  ];
}

/** "never": it is known that it is not. "-": nothing in sight. */
function inSight({ forecast: { kind } }: DestinationReport, seconds: number | null): string {
  return deadline(seconds) ?? (kind === 'unknown' ? '?' : kind === 'steady' && seconds === null ? 'never' : '-');
}

/** The program with the most ports, by the name it is managed by; undefined: not known. */
function programOf(one: DestinationReport): string | undefined {
  return programsOf(one)[0]?.[0];
}

function programsOf({
  owners,
}: DestinationReport): [name: string, held: { ports: number; pids: Set<number | null> }][] {
  const programs = new Map<string, { ports: number; pids: Set<number | null> }>();
  for (const { unit, container, command, pid, usedPorts: ports } of owners ?? []) {
    const name = unit ?? (container === null ? command : `${command} in ${container}`);
    const known = programs.get(name) ?? { ports: 0, pids: new Set() };
    programs.set(name, { ports: known.ports + ports, pids: known.pids.add(pid) });
  }
  return [...programs].sort(([, a], [, b]) => b.ports - a.ports);
}

/** That, with how many processes it has, if several. "?": not known. */
export function ownerOf(one: DestinationReport): string {
  if (one.usedPorts === 0) return '';
  const programs = programsOf(one);
  const [top] = programs;
  if (top === undefined) return '?';
  const [name, { pids }] = top;
  const others = programs.length > 1 ? ` + ${programs.length - 1} more` : '';
  const [pid] = pids;
  if (pids.size > 1) return `${name} (${pids.size} processes)${others}`;
  return `${name}${typeof pid === 'number' ? ` (${pid})` : ''}${others}`;
}

export const rate = (perSecond: number): string =>
  perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond));

/** What the numbers are made of, and how sure they are; nothing where there is nothing to add. */
function details(one: DestinationReport): string[] {
  const parts = Object.entries(one.states)
    .sort(([, a], [, b]) => b - a)
    .map(([state, ports]) => `${count(ports)} ${state}`);
  if (one.fastHeadroomPorts > 0 && one.usedPorts > 0) parts.push(`${count(one.fastHeadroomPorts)} until slow`);
  if (one.reusablePorts > 0) parts.push(`${count(one.reusablePorts)} reusable`);
  if (one.blockedPorts > 0) parts.push(`${count(one.blockedPorts)} blocked`);
  if (one.headroomPortsLow < one.headroomPorts) parts.push(`at least ${count(one.headroomPortsLow)} free`);
  const lines = one.remoteName === null ? [] : [`     ${one.remoteName}`];
  const { kind, settlesAtPorts } = one.forecast;
  if (kind === 'steady' && settlesAtPorts !== null && one.usedPorts > 0)
    parts.unshift(`steady: settles at ${count(settlesAtPorts)}`);
  if (one.causes.length > 0) {
    lines.push(`     ${one.causes.map(({ cause }) => CAUSE_WORDS[cause].headline).join('; ')}`);
  }
  return parts.length === 0 ? lines : [...lines, `     ${parts.join(' · ')}`];
}

function nextStep(assessment: Assessment): string | null {
  const worst = worstOf(assessment);
  const pool = worstPool(assessment, worst);
  if (pool !== undefined) return `ss -tanp src ${pool.local} shows who holds these ports`;
  if (worst !== undefined && (worst.verdict === 'critical' || worst.verdict === 'warning')) {
    return `lastport explain ${formatEndpoint(worst.remote, worst.remotePort)}`;
  }
  return assessment.gaps.length > 0 ? 'lastport doctor' : null;
}

function worstOf({ namespaces }: Assessment): DestinationReport | undefined {
  const severity = ({ verdict }: DestinationReport) => VERDICTS.indexOf(verdict);
  return namespaces
    .flatMap(({ destinations }) => destinations)
    .sort((a, b) => severity(b) - severity(a) || saturation(b) - saturation(a))[0];
}

function isWorthALine(one: DestinationReport): boolean {
  return one.verdict !== 'healthy' || one.asked || one.usedPorts > one.usablePorts * SHOWN_RATIO;
}

function saturation({ headroomPorts, usablePorts }: DestinationReport): number {
  return usablePorts === 0 ? 1 : 1 - headroomPorts / usablePorts;
}

/** Rounded down: 100 % means that nothing is left. */
export const percent = (ratio: number) => Math.floor(ratio * 100);
/** With commas. */
export const count = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ',');

/** What our colours are made of; nothing else that steers a terminal gets through. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const COLOR = /\u001b\[[0-9;]*m/g;

/** Names and errors come from outside: nothing in them may steer a terminal. The colours are ours. */
export function printable(line: string): string {
  const colors = line.match(COLOR) ?? [];
  return line
    .split(COLOR)
    .map((text, index) => plainText(text) + (colors[index] ?? ''))
    .join('');
}
