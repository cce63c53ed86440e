/**
 * From the text of an option to its value. A parser throws a RangeError that shows the text as found and says what
 * would do; the place (flag, variable, line and column) is put before it by whoever knows it.
 */
import type { NetnsChoice } from '../look/reach.ts';
import { formatAddress, formatEndpoint, parseAddress } from '../model/address.ts';

/** Where --to points: `host` is a name as given, or canonical address text, with its zone if it has one. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where the daemon listens, and where `doctor` asks for it. */
export type Listen =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Where a daemon keeps what is to outlive it; `auto`: where such things belong (state-dir.ts). */
export type StateDir = 'auto' | 'off' | { readonly path: string };

const LONGEST_SHOWN = 60;

/** Text as found, safe for one line of a terminal: JSON, with whatever is invisible escaped too. */
export function quote(text: string): string {
  const shown = JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
  return shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** A name as it is, or in quotes where it could break the line or the terminal. */
export const plain = (name: string): string => (/^[\w.-]{1,60}$/.test(name) ? name : quote(name));

function refuse(text: string, problem: string): never {
  throw new RangeError(`${quote(text)} ${problem}`);
}

/** One of a closed list. */
export function oneOf<const T extends string>(values: readonly T[]) {
  return (text: string): T => {
    if ((values as readonly string[]).includes(text)) return text as T;
    return refuse(text, `will not do; use ${either(values)}`);
  };
}

/** Pids end there, and inode numbers of namespaces begin far above: PID_MAX_LIMIT (include/linux/threads.h). */
const HIGHEST_PID = 4_194_304;
const HIGHEST_INODE = 0xffffffff;

/** "all", "self", a process's id, or a namespace's inode number as in "net:[4026532246]". */
export function parseNetns(text: string): NetnsChoice {
  if (text === 'all' || text === 'self') return text;
  const number = Number(/^(?:net:\[(\d+)\]|(\d+))$/.exec(text)?.slice(1).join('') || Number.NaN);
  if (number >= 1 && number <= HIGHEST_PID) return { pid: number };
  if (number <= HIGHEST_INODE && number > HIGHEST_PID) return { inode: number };
  return refuse(text, "will not do; use all, self, a process's id, or the inode number of a network namespace");
}

function either(values: readonly string[]): string {
  if (values.length < 2) return values.join('');
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

export const parseBoolean = (text: string): boolean => oneOf(['true', 'false'])(text) === 'true';

export function wholeNumber(low: number, high: number) {
  return (text: string): number => {
    if (!/^-?\d+$/.test(text)) return refuse(text, `is not a whole number; use ${low} to ${high}`);
    const value = Number(text);
    return value >= low && value <= high ? value : refuse(text, `is out of bounds; use ${low} to ${high}`);
  };
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000 } as const;

/** "250ms", "1.5s", "2m" → milliseconds, whole and within the bounds. */
export function duration(lowMs: number, highMs: number) {
  return (text: string): number => {
    const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
    if (digits === undefined) {
      if (/^\d+(\.\d+)?$/.test(text))
        return refuse(text, `has no unit; use ${text.slice(0, LONGEST_SHOWN)}s, 250ms or 2m`);
      return refuse(text, 'is not a duration; use 250ms, 1s or 2m');
    }
    const ms = Math.round(Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS]);
    if (ms >= lowMs && ms <= highMs) return ms;
    return refuse(
      text,
      `is too ${ms < lowMs ? 'short' : 'long'}; use ${formatDuration(lowMs)} to ${formatDuration(highMs)}`,
    );
  };
}

/** The shortest text that `duration` reads back as `ms`. */
export function formatDuration(ms: number): string {
  if (ms > 0 && ms % UNIT_MS.m === 0) return `${ms / UNIT_MS.m}m`;
  return ms > 0 && ms % UNIT_MS.s === 0 ? `${ms / UNIT_MS.s}s` : `${ms}ms`;
}

/** PATH_MAX, include/uapi/linux/limits.h, less its NUL. */
const LONGEST_PATH = 4095;

export function parsePath(text: string): string {
  if (text.trim() === '') refuse(text, 'is not a path; use one like /etc/lastport.yaml');
  if (text.length > LONGEST_PATH) refuse(text, `is too long for a path; use at most ${LONGEST_PATH} characters`);
  return text;
}

/** "/proc/" → "/proc": error messages put their own slash after it. */
export const parseDirectory = (text: string): string => parsePath(text).replace(/(?<=.)\/+$/, '');

/** A Unix socket of the daemon's; `auto`: where such sockets belong (runtime-socket.ts). */
export type RuntimeSocket = 'auto' | 'off' | { readonly path: string };

/** `name` is for the advice. */
export const parseRuntimeSocket =
  (name: string) =>
  (text: string): RuntimeSocket => {
    if (text === 'auto' || text === 'off') return text;
    if (!text.startsWith('/')) return refuse(text, `needs an absolute path; use /run/lastport/${name}, auto or off`);
    if (new TextEncoder().encode(text).length <= LONGEST_SOCKET_PATH) return { path: text };
    return refuse(text, `is too long; a Unix socket's path has at most ${LONGEST_SOCKET_PATH} bytes`);
  };

/** "02:40", "2026-11-23T02:40:05Z", "last". Which incident that is is found later. */
export function parseAt(text: string): string {
  if (text === 'last' || /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text)) return text;
  if (/^\d{4}-\d\d-\d\d/.test(text) && Number.isFinite(Date.parse(text))) return text;
  return refuse(text, 'is not a time; use 02:40, 2026-11-23T02:40:05Z or last');
}

/** Octal permission bits. */
export function parseMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  return refuse(text, 'is not a file mode; use 0660, 0600 or 0666');
}

/** The name of a group, or its number. */
export function parseGroup(text: string): string {
  if (/^([a-z_][a-z0-9_-]{0,31}|\d{1,10})$/i.test(text)) return text;
  return refuse(text, "is not a group; use a group's name or number");
}

export const parseStateDir = (text: string): StateDir =>
  text === 'auto' || text === 'off' ? text : { path: parseDirectory(text) };

/**
 * A host as people write it → how we write it: an address becomes canonical text, a name stays as it is; null if it is
 * neither. Names are those that the resolver takes for names: "1.2.3" and "0x7f.1" would be old spellings of addresses
 * (inet_aton(3)), which nobody means.
 */
export function canonicalHost(text: string): string | null {
  const [bare = '', zone] = text.split('%', 2);
  const address = parseAddress(bare);
  if (address !== null) {
    const canonical = formatAddress(address);
    if (zone === undefined && !text.includes('%')) return canonical;
    return canonical.includes(':') && /^[\w.:@-]{1,15}$/.test(zone ?? '') && !/%.*%/.test(text)
      ? `${canonical}%${zone}`
      : null;
  }
  const labels = text.replace(/(?<=.)\.$/, '').split('.');
  const isName = text.length <= 253 && labels.every((label) => /^(?!-)[\w-]{1,63}(?<!-)$/.test(label));
  return isName && !/^(\d+|0x[\da-f]*)$/i.test(labels.at(-1) ?? '') ? text : null;
}

/** "10.9.0.2:8080", "[2001:db8::1]:443", "api.example.com:443" → host and port, or null. IPv6 needs its brackets. */
function splitEndpoint(text: string, lowestPort: number): Endpoint | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^[\]:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = canonicalHost(bracketed ?? plain ?? '');
  const port = Number(digits);
  if (host === null || !(port >= lowestPort && port <= 65535)) return null;
  // Brackets are for IPv6; a mapped address, written with them, has been folded to IPv4 and stays welcome.
  return bracketed === undefined || bracketed.includes(':') ? { host, port } : null;
}

export function parseEndpoint(text: string): Endpoint {
  const would = 'use 10.9.0.2:8080, [2001:db8::1]:443 or api.example.com:443';
  return splitEndpoint(text, 1) ?? refuse(text, `is not a HOST:PORT; ${would}`);
}

/** A Unix socket's path has room for 107 bytes and a NUL (sun_path, unix(7)). */
const LONGEST_SOCKET_PATH = 107;

/** "127.0.0.1:9477", "[::1]:9477", "unix:/run/lastport/http.sock". Port 0 lets the kernel choose. */
export function parseListen(text: string): Listen {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (!path.startsWith('/')) return refuse(text, 'needs an absolute path; use unix:/run/lastport/http.sock');
    if (new TextEncoder().encode(path).length <= LONGEST_SOCKET_PATH) return { kind: 'unix', path };
    return refuse(text, `is too long; a Unix socket's path has at most ${LONGEST_SOCKET_PATH} bytes`);
  }
  if (/^\*?:\d{1,5}$/.test(text)) {
    const port = text.slice(text.indexOf(':') + 1);
    return refuse(text, `names no address; use 127.0.0.1:${port}, or [::]:${port} for every interface`);
  }
  const endpoint = splitEndpoint(text, 0);
  const isAddress = endpoint !== null && parseAddress(endpoint.host.split('%')[0] as string) !== null;
  if (isAddress) return { kind: 'tcp', ...endpoint };
  return refuse(text, 'is not an ADDRESS:PORT; use 127.0.0.1:9477, [::1]:9477 or unix:/run/lastport/http.sock');
}

export function formatListen(listen: Listen): string {
  return listen.kind === 'unix' ? `unix:${listen.path}` : formatEndpoint(listen.host, listen.port);
}

/** The host part of a Host header: a name in lower case or an address, without port. */
export function parseAllowedHost(text: string): string {
  const [, inBrackets] = /^\[(.*)\]$/.exec(text) ?? [];
  const host = canonicalHost(inBrackets ?? text)?.toLowerCase();
  return host ?? refuse(text, 'is not a host name or address; use metrics.example.com or 10.9.0.1, without port');
}
