// Pages of a trace ring buffer, as a kernel would write them.
import { parseHeaderPage, type TracePageLayout } from '../../collectors/trace-codec.ts';

const SIZE = 4096;

export const HEADER_PAGE = [
  '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;',
  '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;',
  '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;',
  `\tfield: char data;\toffset:16;\tsize:${SIZE - 16};\tsigned:0;`,
].join('\n');

export const LAYOUT: TracePageLayout = parseHeaderPage(HEADER_PAGE);

/** What may stand in a page: a record, or what only moves the time on. */
export type Entry =
  | { readonly delta: number; readonly data: Uint8Array; readonly long?: boolean }
  | { readonly extend: number }
  | { readonly stamp: number }
  | { readonly discarded: Uint8Array; readonly delta: number }
  | { readonly end: true };

/** `lost`: records lost before it; 'some': how many is not known. */
export function tracePage(at: number, entries: readonly Entry[], lost: number | 'some' | null = null): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  const word64 = (offset: number, value: number) => {
    view.setUint32(offset, value % 2 ** 32, true);
    view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
  };
  let next = LAYOUT.data;
  const head = (type: number, delta: number) => {
    view.setUint32(next, ((delta << 5) | type) >>> 0, true);
    next += 4;
  };
  const time = (type: number, ns: number) => {
    head(type, ns % 2 ** 27);
    view.setUint32(next, Math.floor(ns / 2 ** 27), true);
    next += 4;
  };
  for (const entry of entries) {
    if ('extend' in entry) time(30, entry.extend);
    else if ('stamp' in entry) time(31, entry.stamp);
    else if ('end' in entry) head(29, 0);
    else if ('discarded' in entry) {
      head(29, entry.delta);
      view.setUint32(next, entry.discarded.length + 4, true);
      next += 4 + entry.discarded.length;
    } else {
      const padded = Math.ceil(entry.data.length / 4) * 4;
      if (entry.long === true || padded > 28 * 4) {
        head(0, entry.delta);
        view.setUint32(next, padded + 4, true);
        next += 4;
      } else head(padded / 4, entry.delta);
      bytes.set(entry.data, next);
      next += padded;
    }
  }
  word64(LAYOUT.timestamp, at);
  const flags = lost === null ? 0 : lost === 'some' ? 0x80000000 : 0xc0000000;
  view.setUint32(LAYOUT.commit, (next - LAYOUT.data + flags) >>> 0, true);
  if (typeof lost === 'number') word64(next, lost);
  return bytes;
}

/** Two common words and one of the record's own. */
export function record(type: number, tid: number, value = 0): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  view.setInt32(4, tid, true);
  view.setInt32(8, value, true);
  return bytes;
}
