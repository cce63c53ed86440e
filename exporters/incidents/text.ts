import { formatEndpoint } from '../../agent/model/address.ts';
import type { Owner, Verdict } from '../../agent/model/assessment.ts';
import type { IncidentBlindness, IncidentDestination, IncidentSummary } from '../../agent/model/incident.ts';
import { count, printable } from '../text.ts';
import type { Recorded } from './read-incidents.ts';

const WIDTH = 80;
const INDENT = '   ';
const MARKS: Readonly<Record<Verdict, string>> = {
  healthy: 'ok',
  watch: '~ ',
  warning: '! ',
  blind: '? ',
  critical: '!!',
};
const HEADINGS = ['WHEN', 'FOR', 'LEAST FREE', 'FULL', 'SLOW', 'DESTINATION'] as const;

/** What `lastport incidents` prints: for each, newest first, when, for how long, how near, where; below it whose and why. */
export function incidentsTable({ incidents, watched }: Recorded, place: string): string {
  const first = incidents.at(-1);
  const since =
    watched === null ? null : `since ${localTime(watched.since)}, at least until ${localTime(watched.until)}`;
  if (first === undefined) {
    const none = since === null ? `No incidents: nothing has been recorded yet in ${place}` : `No incidents ${since}`;
    return `${printable(none)}\n`;
  }
  const rows = [HEADINGS, ...incidents.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = [...row('', HEADINGS, widths)];
  for (const [index, incident] of incidents.entries()) {
    lines.push(...row(MARKS[incident.verdict], rows[index + 1] as readonly string[], widths), ...details(incident));
  }
  lines.push(
    `${count(incidents.length)} incident${incidents.length === 1 ? '' : 's'}${since === null ? '' : `; recording ${since}`}`,
  );
  return `${lines.map(printable).join('\n')}\n`;
}

/** The last column is on a line of its own where it does not fit. */
function row(mark: string, texts: readonly string[], widths: readonly number[]): string[] {
  const last = texts.length - 1;
  const padded = texts.map((text, column) => {
    if (column === last) return text;
    return column === 0 ? text.padEnd(widths[column] as number) : text.padStart(widths[column] as number);
  });
  const line = `${mark.padEnd(INDENT.length)}${padded.join('  ')}`;
  if (line.length <= WIDTH) return [line];
  return [`${mark.padEnd(INDENT.length)}${padded.slice(0, last).join('  ')}`, `${INDENT}  ${texts[last]}`];
}

function cells(incident: IncidentSummary): readonly string[] {
  const { startedAt, seconds, endedAt, destinations, omittedDestinations, blind } = incident;
  const [worst] = destinations;
  const lasted = `${duration(seconds)}${endedAt === null ? '+' : ''}`;
  if (worst === undefined) return [localTime(startedAt), lasted, '', '', '', `could not look into ${blind[0]?.netns}`];
  const more = destinations.length - 1 + omittedDestinations;
  const where = `${formatEndpoint(worst.remote, worst.remotePort)}${more === 0 ? '' : ` + ${count(more)} more`}`;
  const { lowestHeadroomPorts: lowest, usablePorts, exhaustedSeconds, slowSeconds } = worst;
  const left = Math.floor((usablePorts === 0 ? 0 : lowest / usablePorts) * 100);
  const spent = (time: number) => (time === 0 ? '-' : duration(time));
  return [
    localTime(startedAt),
    lasted,
    `${count(lowest)} ${`${left}%`.padStart(4)}`,
    spent(exhaustedSeconds),
    spent(slowSeconds),
    where,
  ];
}

function details({ endedAt, destinations: [worst], blind }: IncidentSummary): string[] {
  return [
    ...(worst === undefined ? [] : detailsOf(worst)),
    ...blind.map(blindness),
    ...(endedAt === null ? ['went on when this was written'] : []),
  ].flatMap(wrapped);
}

function detailsOf(worst: IncidentDestination): string[] {
  const { netns, local, device, remoteName, usablePorts, connectErrors, mostOpensPerSecond, owner, cause } = worst;
  const from = `${local ?? 'any address'}${device === null ? '' : `%${device}`}`;
  const facts = [
    ...(remoteName === null ? [] : [remoteName]),
    `from ${from}${netns === 'host' ? '' : ` in ${netns}`}`,
    `${count(usablePorts)} usable ports`,
    ...(mostOpensPerSecond === null ? [] : [`up to ${count(Math.round(mostOpensPerSecond))} new/s`]),
    // Without the trace nobody counts them: that is not "none".
    ...(connectErrors === null ? [] : [`${count(connectErrors)} connect() refused`]),
  ];
  return [facts.join(' · '), `owner: ${ownerOf(owner)}`, `cause: ${cause ?? 'not known'}`];
}

function ownerOf(owner: Owner | null): string {
  if (owner === null) return 'not known';
  const { unit, container, command, pid, usedPorts, how } = owner;
  const name = unit ?? (container === null ? command : `${command} in ${container}`);
  return `${name}${pid === null ? '' : ` (${pid})`}, ${count(usedPorts)} ports, ${how}`;
}

function blindness({ netns, since, until, why }: IncidentBlindness): string {
  const end = until === null ? '' : ` to ${localTime(until).slice(-5)}`;
  return `could not look into ${netns} from ${localTime(since).slice(-5)}${end}: ${why ?? 'no reason known'}`;
}

/** At spaces, into lines that fit; a word that is longer stays whole. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? `${INDENT}  ${word}` : `${line} ${word}`;
    if (longer.length <= WIDTH || line === '') line = longer;
    else {
      lines.push(line);
      line = `${INDENT}    ${word}`;
    }
  }
  return [...lines, line];
}

/** "2026-11-23 02:40", by the clock on the wall. */
function localTime(instant: string): string {
  const date = new Date(instant);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** "0.4s", "35s", "1m35s", "2h05m", "3d04h". */
function duration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))}s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  const hours = Math.floor(whole / 3600);
  if (hours < 24) return `${hours}h${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

/** The same for programs. */
export function incidentsJson({ incidents, watched, skipped }: Recorded, folder: string | null): string {
  return `${JSON.stringify({ schema: 'lastport-incidents/1', folder, watched, incidents, skipped })}\n`;
}
