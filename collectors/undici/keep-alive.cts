// The two response headers that say what becomes of the connection. Both names have ten letters: all others are passed
// over by their length, and nothing of them is kept.

const LENGTH = 10;
/** Of a value that is read. */
const LONGEST = 64;
const C = 0x63;
const K = 0x6b;
const LOWER = 0x20;

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
    const name = headers[index] as Header;
    if (name?.length !== LENGTH) continue;
    const first = at(name, 0);
    if (first !== C && first !== K) continue;
    const word = text(name);
    const value = headers[index + 1] as Header;
    if (word === 'connection') into.serverCloses = /\bclose\b/i.test(text(value));
    else if (word === 'keep-alive') {
      const timeout = /\btimeout\s*=\s*(\d{1,9})/i.exec(text(value));
      if (timeout !== null) into.hint = Number(timeout[1]);
    }
  }
}

function at(bytes: Header, index: number): number {
  return (typeof bytes === 'string' ? bytes.charCodeAt(index) : (bytes[index] as number)) | LOWER;
}

/** Values are short where they mean anything. */
function text(value: Header): string {
  if (typeof value === 'string') return value.toLowerCase();
  if (!(value instanceof Uint8Array)) return '';
  return Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, LONGEST)).toString('latin1').toLowerCase();
}
