import { decodeIncident, isIncidentFile, LONGEST_FILE } from '../exporters/incidents/file.ts';
import type { Folder } from '../exporters/incidents/folder.ts';
import type { ExplainSource } from './commands/explain.ts';
import { formatListen, type Listen } from './config/option-values.ts';
import type { Answered, NoAnswer } from './daemon-client.ts';
import { DaemonSomewhere } from './daemon-places.ts';
import type { Assessment } from './model/assessment.ts';
import { isAssessment } from './model/assessment-shape.ts';
import type { Incident } from './model/incident.ts';
import { parsePlain } from './model/shape.ts';

/** A report of a host with thousands of destinations has some 10 MB. */
export const MOST_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 5000;
/** Samples of an incident begin so much before it and end so much after. */
const AROUND_MS = 120_000;
const DAY_MS = 24 * 3600 * 1000;

/** What the daemon knows; where none answers, what one look shows. */
export async function liveSource(
  places: readonly [Listen, ...Listen[]],
  look: () => Promise<Assessment>,
  stderr: (text: string) => void,
): Promise<ExplainSource> {
  const daemon = await DaemonSomewhere.open(places, { timeoutMs: TIMEOUT_MS, mostBytes: MOST_BYTES });
  const answer = await daemon.ask('/api/assessment').finally(() => daemon.close());
  if (answer.state === 'answered' && answer.statusCode === 200) {
    const assessment = parsed(answer.text);
    if (assessment !== null) return { from: 'daemon', assessment };
  }
  if (answer.state !== 'not running') {
    stderr(`lastport: the daemon at ${formatListen(places[0])} does not say what it knows: ${reasonOf(answer)}\n`);
  }
  return { from: 'look', assessment: await look() };
}

/** Why what was answered is of no use. */
export function reasonOf(answer: Answered | NoAnswer): string {
  if (answer.state !== 'answered') return answer.detail;
  if (answer.statusCode !== 200) return `it answers with ${answer.statusCode}`;
  return 'what answers is not a daemon of this version';
}

/** An Assessment as this version can show it, with nothing in its text that would steer a terminal; null: something else. */
export function parsed(text: string): Assessment | null {
  try {
    const value: unknown = parsePlain(text);
    return isAssessment(value) ? value : null;
  } catch {
    return null;
  }
}

/** The moment of a recorded incident. Rejects with one line where there is none. `now` in ms since the epoch. */
export async function incidentSource(folder: Folder | null, at: string, now: number): Promise<ExplainSource> {
  if (folder === null) throw new Error('Cannot explain an incident: none are recorded (--state-dir)');
  const wanted = at === 'last' ? null : momentOf(at, now);
  const files = (await folder.list()).map(({ name }) => name).filter(isIncidentFile);
  for (const file of files.reverse()) {
    const incident = await decodeIncident(await folder.read(file, LONGEST_FILE)).catch(() => null);
    if (incident === null || (wanted !== null && !isAround(incident, wanted))) continue;
    const [worst] = incident.summary.destinations;
    const assessment = nearest(incident, wanted ?? Date.parse(worst?.lowestAt ?? incident.summary.startedAt));
    if (assessment !== null) return { from: 'incident', assessment };
  }
  throw new Error(`Cannot explain ${at}: no incident of that time is recorded; see lastport incidents`);
}

/** A time of day is the last one that has been, of this host's clock, as lastport incidents prints them. */
function momentOf(at: string, now: number): number {
  if (!/^\d\d:/.test(at)) return Date.parse(at);
  const [hours = 0, minutes = 0, seconds = 0] = at.split(':').map(Number);
  const today = new Date(now).setHours(hours, minutes, seconds, 0);
  return today > now ? today - DAY_MS : today;
}

function isAround({ summary: { startedAt, endedAt, writtenAt } }: Incident, at: number): boolean {
  return at >= Date.parse(startedAt) - AROUND_MS && at <= Date.parse(endedAt ?? writtenAt) + AROUND_MS;
}

function nearest({ samples }: Incident, at: number): Assessment | null {
  const all = samples.flatMap((line) => parsed(line) ?? []);
  const far = ({ takenAt }: Assessment) => Math.abs(Date.parse(takenAt) - at);
  return all.sort((a, b) => far(a) - far(b))[0] ?? null;
}
