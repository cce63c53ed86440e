import * as v from 'valibot';
import { formatAddress, parseAddress } from '../../agent/model/address.ts';
import { CLOSE_REASONS, type CloseReason, PROBE_CLIENTS, type ProbeSums } from '../../agent/model/probe.ts';
import { EVENT_BYTES, OPENED, WIRE_VERSION } from './wire.cts';

// What comes from a probe may come from anybody: nothing is believed that cannot be, and nothing kept that is too long.

const MOST_PATHS = 1000;
const MOST_ENTRIES = 32;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const shortText = (length: number) => v.pipe(v.string(), v.maxLength(length));
const tally = v.pipe(
  v.record(shortText(64), count),
  v.check((entries) => Object.keys(entries).length <= MOST_ENTRIES),
);

const HELLO_SCHEMA = v.object({
  version: v.literal(WIRE_VERSION),
  pid: count,
  thread: count,
  node: v.pipe(shortText(32), v.regex(/^[\w.+-]+$/)),
  netns: v.nullable(count),
  uptime: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

const PATH_SCHEMA = v.object({
  id: v.pipe(count, v.maxValue(0xffffffff)),
  client: v.picklist(PROBE_CLIENTS),
  tls: v.boolean(),
  name: shortText(253),
  local: shortText(64),
  remote: shortText(64),
  port: v.pipe(count, v.maxValue(65535)),
  opens: count,
  requests: count,
  besideIdle: count,
  closes: tally,
  errors: tally,
  open: count,
  idle: count,
  unread: count,
  unused: count,
  clients: count,
  mostOpen: count,
  mostConcurrent: count,
  mostQueued: count,
  hint: v.nullable(count),
  sites: v.pipe(v.array(v.tuple([shortText(256), shortText(64), count])), v.maxLength(MOST_ENTRIES)),
});

const SUMS_SCHEMA = v.object({
  dropped: count,
  faults: count,
  paths: v.pipe(v.array(PATH_SCHEMA), v.maxLength(MOST_PATHS)),
});

export type Hello = v.InferOutput<typeof HELLO_SCHEMA>;
type Path = v.InferOutput<typeof PATH_SCHEMA>;

/** Throws an error that says what is wrong, without what came. */
export function parseHello(payload: Buffer): Hello {
  return parsed(HELLO_SCHEMA, payload, 'hello');
}

export interface Sums {
  readonly dropped: number;
  readonly faults: number;
  readonly paths: readonly ProbeSums[];
}

/** Throws an error that says what is wrong, without what came. */
export function parseSums(payload: Buffer): Sums {
  const { dropped, faults, paths } = parsed(SUMS_SCHEMA, payload, 'sums');
  return { dropped, faults, paths: paths.flatMap(sumsOf) };
}

export interface ProbeEvent {
  readonly path: number;
  readonly port: number;
  /** null: opened. */
  readonly reason: CloseReason | null;
}

export function* parseEvents(payload: Buffer): Generator<ProbeEvent> {
  for (let at = 0; at + EVENT_BYTES <= payload.length; at += EVENT_BYTES) {
    const number = payload[at + 6] as number;
    const reason = number === OPENED ? null : (CLOSE_REASONS[number] ?? 'other');
    yield { path: payload.readUInt32LE(at), port: payload.readUInt16LE(at + 4), reason };
  }
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, payload: Buffer, what: string): v.InferOutput<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new Error(`${what} is not JSON`, { cause: error });
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`${what}: ${placeOf(issue)} is not ${issue.expected ?? 'as it should be'}`);
}

/** "paths.0.opens". What is no name of ours came from there. */
function placeOf({ path }: v.BaseIssue<unknown>): string {
  const names = (path ?? []).map(({ key }) => (/^[a-zA-Z]{1,16}$|^\d{1,4}$/.test(String(key)) ? String(key) : '?'));
  return names.length === 0 ? 'it' : names.join('.');
}

/** Nothing, of a path that leads nowhere. */
function sumsOf(path: Path): ProbeSums[] {
  const remote = canonical(path.remote);
  const local = path.local === '' ? null : canonical(path.local);
  if (remote === null || path.port === 0 || (local === null && path.local !== '')) return [];
  const { id, client, tls, opens, requests, besideIdle, errors, open, idle, unread, unused, clients } = path;
  return [
    {
      id,
      client,
      isTls: tls,
      remoteName: hostName(path.name),
      local,
      remote,
      remotePort: path.port,
      counts: { opens, requests, opensBesideIdle: besideIdle, closes: closesOf(path), connectErrors: codesOf(errors) },
      gauges: { open, idle, unread, unused, clients },
      marks: { open: path.mostOpen, concurrent: path.mostConcurrent, queued: path.mostQueued },
      keepAliveHintSeconds: path.hint,
      callSites: path.sites.flatMap(([site, reason, times]) => {
        const known = reason === 'unread' ? reason : knownReason(reason);
        return [{ site: printable(site), reason: known, count: times }];
      }),
    },
  ];
}

const REASONS = new Set<string>(CLOSE_REASONS);

/** A probe of a later version may know more. */
function knownReason(reason: string): CloseReason {
  return REASONS.has(reason) ? (reason as CloseReason) : 'other';
}

function closesOf({ closes }: Path): { readonly [reason in CloseReason]?: number } {
  const known: { [reason in CloseReason]?: number } = {};
  for (const [reason, times] of Object.entries(closes)) {
    const one = knownReason(reason);
    known[one] = (known[one] ?? 0) + times;
  }
  return known;
}

function codesOf(errors: Path['errors']): { readonly [code: string]: number } {
  return Object.fromEntries(Object.entries(errors).filter(([code]) => /^[A-Z][A-Z0-9_]*$/.test(code)));
}

function canonical(text: string): string | null {
  const address = parseAddress(text.split('%', 1)[0] as string);
  return address === null ? null : formatAddress(address);
}

/** Names become labels: only what a name may hold. */
function hostName(name: string): string | null {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name) ? name.toLowerCase() : null;
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?');
}
