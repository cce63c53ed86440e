// The two response headers that say what becomes of the connection. It is read for every response: both names have ten
// letters, all others are passed over by their length, and the usual values are recognized byte by byte, without a text made.

const NAME_LENGTH = 10;
/** Of a value that is read. */
const LONGEST = 64;
const LOWER = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

const codes = (text: string): readonly number[] => [...text].map((letter) => letter.charCodeAt(0));
const CONNECTION = codes('connection');
const KEEP_ALIVE = codes('keep-alive');
const TIMEOUT = codes('timeout=');

/** What a response said. */
export interface KeepAlive {
  /** Connection: close. */
  serverCloses: boolean;
  /** Keep-Alive: timeout, in seconds; Infinity: none. */
  hint: number;
}

type Header = Uint8Array | string;

/** `headers` as undici and node:http have them raw: name, value, name, value, as bytes or text. */
export function readKeepAlive(headers: unknown, into: KeepAlive): void {
  if (!Array.isArray(headers)) return;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as Header | null | undefined;
    if (name === null || name === undefined || name.length !== NAME_LENGTH) continue;
    if (begins(name, CONNECTION)) {
      const value = headers[index + 1] as Header;
      into.serverCloses = !begins(value, KEEP_ALIVE) && /\bclose\b/.test(text(value));
    } else if (begins(name, KEEP_ALIVE)) {
      const seconds = timeoutOf(headers[index + 1] as Header);
      if (seconds >= 0) into.hint = seconds;
    }
  }
}

/** "timeout=5", "timeout=5, max=100"; anything else takes longer. −1: no timeout. */
function timeoutOf(value: Header): number {
  if (!begins(value, TIMEOUT)) return slowTimeoutOf(value);
  let seconds = 0;
  let at = TIMEOUT.length;
  for (; at < value.length && at < TIMEOUT.length + 9; at++) {
    const code = codeAt(value, at);
    if (code < ZERO || code > NINE) break;
    seconds = seconds * 10 + (code - ZERO);
  }
  return at === TIMEOUT.length ? slowTimeoutOf(value) : seconds;
}

function slowTimeoutOf(value: Header): number {
  const found = /\btimeout\s*=\s*(\d{1,9})/.exec(text(value));
  return found === null ? -1 : Number(found[1]);
}

/** Whatever the case of its letters. */
function begins(value: Header | undefined, expected: readonly number[]): boolean {
  if (value === undefined || value.length < expected.length) return false;
  for (let at = 0; at < expected.length; at++) {
    const code = expected[at] as number;
    const found = codeAt(value, at);
    // Signs have no case.
    if (found !== code && (code < 0x61 || (found | LOWER) !== code)) return false;
  }
  return true;
}

function codeAt(value: Header, at: number): number {
  return typeof value === 'string' ? value.charCodeAt(at) : (value[at] as number);
}

function text(value: Header | undefined): string {
  if (typeof value === 'string') return value.slice(0, LONGEST).toLowerCase();
  if (!(value instanceof Uint8Array)) return '';
  return Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, LONGEST)).toString('latin1').toLowerCase();
}
