import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { VERDICTS } from '../../agent/model/assessment.ts';
import { INCIDENT_SCHEMA, type Incident, type IncidentSummary } from '../../agent/model/incident.ts';
import { has, isInstant, isListOf, isNumber, isOneOf, isText, orNull, parsePlain } from '../../agent/model/shape.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** No file becomes bigger. */
export const LONGEST_FILE = 1 << 20;
/** Twice what a file of ours unpacks to: a small file can hold gigabytes of zeros. */
const LONGEST_TEXT = 16 << 20;
const NAME = /^(\d{8}T\d{9}Z)\.jsonl\.gz$/;

export const fileNameOf = (id: string): string => `${id}.jsonl.gz`;
export const isIncidentFile = (name: string): boolean => NAME.test(name);

/**
 * gzip of JSON lines: the summary, then the samples, oldest first. Whoever has only zcat and jq can read it. Where it would
 * be too big, every second sample is left out.
 */
export async function encodeIncident({ summary, samples }: Incident): Promise<Uint8Array> {
  const text = [JSON.stringify(summary), ...samples].map((line) => `${line}\n`).join('');
  const bytes = await compress(text);
  if (bytes.length <= LONGEST_FILE || samples.length === 0) return bytes;
  const last = samples.length - 1;
  return encodeIncident({ summary, samples: samples.filter((_, index) => (last - index) % 2 === 0 && last > 0) });
}

/** Rejects with what is wrong with it, as a RangeError or as node:zlib has it. */
export async function decodeIncident(bytes: Uint8Array): Promise<Incident> {
  const text = (await decompress(bytes, { maxOutputLength: LONGEST_TEXT })).toString('utf8');
  const [first = '', ...samples] = text.split('\n');
  if (samples.pop() !== '') throw new RangeError('its last line is cut off');
  return { summary: summaryOf(parsePlain(first)), samples };
}

const isVerdict = isOneOf(VERDICTS);
const isOwner = has({
  pid: orNull(isNumber),
  command: isText,
  unit: orNull(isText),
  container: orNull(isText),
  usedPorts: isNumber,
  how: isText,
});
const isDestination = has({
  netns: isText,
  local: orNull(isText),
  device: orNull(isText),
  remote: isText,
  remotePort: isNumber,
  remoteName: orNull(isText),
  since: isInstant,
  until: orNull(isInstant),
  verdict: isVerdict,
  lowestHeadroomPorts: isNumber,
  lowestAt: isInstant,
  usablePorts: isNumber,
  mostUsedPorts: isNumber,
  exhaustedSeconds: isNumber,
  slowSeconds: isNumber,
  connectErrors: orNull(isNumber),
  mostOpensPerSecond: orNull(isNumber),
  owner: orNull(isOwner),
  cause: orNull(isText),
  remedy: orNull(isText),
});
const isSummary = has({
  id: isText,
  host: isText,
  startedAt: isInstant,
  endedAt: orNull(isInstant),
  writtenAt: isInstant,
  seconds: isNumber,
  verdict: isVerdict,
  destinations: isListOf(isDestination),
  omittedDestinations: isNumber,
  blind: isListOf(has({ netns: isText, since: isInstant, until: orNull(isInstant), why: orNull(isText) })),
});

/** A file may be anybody's: nothing of it is shown before it is known to be what it should. */
function summaryOf(value: unknown): IncidentSummary {
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== INCIDENT_SCHEMA) {
    throw new RangeError(`its schema is ${JSON.stringify(schema)?.slice(0, 60)}, not "${INCIDENT_SCHEMA}"`);
  }
  if (!isSummary(value)) throw new RangeError(`it is not a summary as ${INCIDENT_SCHEMA} has it`);
  return value as IncidentSummary;
}
