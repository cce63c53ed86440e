// What the probe and the daemon agree on. A frame on the stream is its payload's length (32 bits, little-endian), its kind
// (8 bits) and the payload. A daemon closes the connection at what it does not understand; a probe never reads.
//
// hello   JSON, a WireHello: once, first.
// sums    JSON, { dropped, faults, paths: WirePath[] }: at least every second while something changes. Counts are since the
//         program began, so a lost frame loses nothing but high-water marks. `dropped`: paths and events that there was no
//         room for; `faults`: errors inside the probe, all of them caught.
// events  8 bytes for each connection that opened or closed lately: path id (32), local port (16), reason (8), 0 (8).
import type { CloseReason } from '../../agent/model/probe.ts' with { 'resolution-mode': 'import' };

export const WIRE_VERSION = 1;
export const HELLO = 1;
export const SUMS = 2;
export const EVENTS = 3;

export const HEADER_BYTES = 5;
export const EVENT_BYTES = 8;
/** Of a payload. */
export const MOST_BYTES = 64 * 1024;

/** For `reason` of an event: it opened. */
export const OPENED = 0xff;

/** Reasons by their number. */
export const REASONS: readonly CloseReason[] = [
  'idle_timeout',
  'body_unread',
  'body_collected',
  'aborted',
  'headers_timeout',
  'body_timeout',
  'server_asked',
  'client_asked',
  'head_request',
  'pipelining_off',
  'request_limit',
  'keepalive_hint',
  'eof_body',
  'server_closed_idle',
  'server_closed_early',
  'server_closed_body',
  'server_reset',
  'client_closed',
  'idle_limit',
  'phantom',
  'upgraded',
  'other',
];

export interface WireHello {
  readonly version: number;
  /** As the program sees itself; in a container it has another number outside. */
  readonly pid: number;
  /** 0: the main thread. */
  readonly thread: number;
  readonly node: string;
  /** Inode of its network namespace; null: not known. */
  readonly netns: number | null;
  /** Seconds since it began. */
  readonly uptime: number;
}

/** A program's connections from one local address to one remote one, by one kind of client. */
export interface WirePath {
  readonly id: number;
  readonly client: 'undici' | 'http';
  readonly tls: boolean;
  /** Host name; '' where the program uses the address. */
  readonly name: string;
  /** '': not known, as where no connection was made yet. */
  readonly local: string;
  readonly remote: string;
  readonly port: number;
  readonly opens: number;
  readonly requests: number;
  readonly besideIdle: number;
  readonly closes: { readonly [reason: string]: number };
  readonly errors: { readonly [code: string]: number };
  readonly open: number;
  readonly idle: number;
  readonly unread: number;
  readonly unused: number;
  readonly clients: number;
  /** Since the report before. */
  readonly mostOpen: number;
  readonly mostConcurrent: number;
  readonly mostQueued: number;
  /** Seconds; null: none seen. */
  readonly hint: number | null;
  readonly sites: readonly (readonly [site: string, reason: string, count: number])[];
}

export function frame(kind: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes[4] = kind;
  payload.copy(bytes, HEADER_BYTES);
  return bytes;
}
