import type { SocketTable } from '../agent/model/socket-table.ts';
import { HIGHEST_STATE } from '../agent/model/state.ts';

/**
 * /proc/net/tcp and /proc/net/tcp6 (get_tcp4_sock, get_tcp6_sock and get_timewait{4,6}_sock in net/ipv4/tcp_ipv4.c and
 * net/ipv6/tcp_ipv6.c; proc_pid_net(5)). One socket a line:
 *
 *     sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode …
 *      0: 0100007F:1F90 0200007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 23456 …
 *
 * Addresses are 32-bit words printed in the byte order of the machine. Everything is at a fixed distance from the
 * first address up to `tm->when`, so a row costs some hundred byte look-ups and no string.
 */
export class ProcNetTcpParser {
  /** Rows understood. */
  rows = 0;
  /** Rows that were there and not understood; Infinity when the rest of the file is missing. */
  unreadRows = 0;
  /** What was wrong with the first of those, with its place. */
  firstError: Error | null = null;
  private line = 0;
  /** Bytes dropped so far of a line that did not fit the buffer. */
  private oversized = 0;
  private flaws = 0;
  private readonly words = new Int32Array(8);
  private readonly name: string;
  private readonly addressDigits: number;
  private readonly table: SocketTable;

  /** `name` is how errors call the file, "net/tcp" or "net/tcp6". */
  constructor(name: string, family: 4 | 6, table: SocketTable) {
    this.name = name;
    this.addressDigits = family === 4 ? 8 : 32;
    this.table = table;
  }

  /**
   * Takes the whole lines in `bytes[0, end)` and returns how many bytes they were; the caller gives the rest again with
   * more behind it. A buffer full without a line end is an oversized line: it is dropped, counted and reported.
   */
  feed(bytes: Uint8Array, end: number): number {
    let start = 0;
    for (;;) {
      const stop = this.row(bytes, start, end);
      if (stop < 0) break;
      start = stop;
    }
    if (start === 0 && end === bytes.length) {
      this.oversized += end;
      return end;
    }
    return start;
  }

  /** To be called at the end of the file, with the bytes that feed() left over. Throws if this was no socket table. */
  finish(bytes: Uint8Array, end: number): void {
    if (this.line === 0) {
      throw new Error(`Cannot parse ${this.name}:1: ${found(bytes, 0, end)} is not the header of a socket table`);
    }
    if (end > 0 || this.oversized > 0) {
      this.line++;
      this.fail(bytes, 0, end, end, 'is cut off: the rest of the file is missing');
      this.unreadRows = Number.POSITIVE_INFINITY;
    }
  }

  /** Parses the line at `start`; returns where the next one starts, or -1 if there is no whole line. */
  private row(bytes: Uint8Array, start: number, end: number): number {
    if (this.line === 0 || this.oversized > 0) return this.unusual(bytes, start, end);
    let at = start;
    while (at < end && bytes[at] === SPACE) at++;
    const slot = at;
    while (at < end && HEX[bytes[at]!]! < 10) at++;
    const digits = this.addressDigits;
    // Two addresses with ports, state, queues and the timer's kind stand at fixed distances from here.
    if (at + 2 * digits + 40 >= end) return this.badRow(bytes, start, end, 'is too short for a row');
    if (at === slot || bytes[at] !== COLON || bytes[at + 1] !== SPACE) {
      return this.badRow(bytes, start, end, 'does not start with a row number');
    }
    const { words } = this;
    this.flaws = 0;
    at += 2;
    for (let index = 0; index < digits; index += 8) words[index >> 3] = this.wordAt(bytes, at + index);
    at += digits;
    const localPort = this.portAt(bytes, at);
    at += 6;
    for (let index = 0; index < digits; index += 8) words[4 + (index >> 3)] = this.wordAt(bytes, at + index);
    at += digits;
    const remotePort = this.portAt(bytes, at);
    if (this.flaws >= NOT_HEX) return this.badRow(bytes, start, end, 'does not hold two address:port pairs');
    at += 6;
    const state = (HEX[bytes[at]!]! << 4) | HEX[bytes[at + 1]!]!;
    if (state > HIGHEST_STATE || state === 0 || bytes[at + 2] !== SPACE) {
      return this.badRow(bytes, start, end, 'has no TCP state behind its addresses');
    }
    // Of no use, but a line end in them would make one row of two halves.
    this.wordAt(bytes, at + 3);
    this.wordAt(bytes, at + 12);
    if (this.flaws >= NOT_HEX || bytes[at + 11] !== COLON) {
      return this.badRow(bytes, start, end, 'has no queues behind its state');
    }
    at += 21; // "st tx_queue:rx_queue "
    const timer = (HEX[bytes[at]!]! << 4) | HEX[bytes[at + 1]!]!;
    if (timer > 255 || bytes[at + 2] !== COLON || bytes[at - 1] !== SPACE) {
      return this.badRow(bytes, start, end, 'has no timer behind its queues');
    }
    at += 3;
    let timerLeft = 0; // %08lX: eight digits or more
    const when = at;
    for (let digit = HEX[bytes[at]!]!; digit < 16 && at < end; digit = HEX[bytes[++at]!]!) {
      timerLeft = timerLeft * 16 + digit;
    }
    if (at < when + 8 || bytes[at] !== SPACE) return this.badRow(bytes, start, end, 'has no time left on its timer');
    at = skipField(bytes, at, end); // retrnsmt
    while (at < end && bytes[at] === SPACE) at++;
    let uid = 0;
    const uidStart = at;
    for (let digit = HEX[bytes[at]!]!; digit < 10 && at < end; digit = HEX[bytes[++at]!]!) uid = uid * 10 + digit;
    if (uidStart === at || bytes[at] !== SPACE) return this.badRow(bytes, start, end, 'has no uid');
    at = skipField(bytes, at, end); // timeout
    while (at < end && bytes[at] === SPACE) at++;
    let inode = 0;
    const inodeStart = at;
    for (let digit = HEX[bytes[at]!]!; digit < 10 && at < end; digit = HEX[bytes[++at]!]!) inode = inode * 10 + digit;
    if (inodeStart === at || bytes[at]! > SPACE) return this.badRow(bytes, start, end, 'has no inode');
    // Nothing behind the inode is of use, but it tells whether the line is one row: two that lost the newline between
    // them have a colon here.
    while (at < end && bytes[at]! >= SPACE && bytes[at] !== COLON) at++;
    if (at >= end || bytes[at] !== NEWLINE || at - start > LONGEST_ROW) {
      return this.badRow(bytes, start, end, 'does not end as a row does');
    }

    this.line++;
    this.rows++;
    const left = Math.min(timerLeft, MAX_INT);
    if (digits === 8) {
      this.table.addV4(words[0]!, localPort, words[4]!, remotePort, state, timer, left, uid, inode);
    } else {
      this.table.addV6(words, localPort, remotePort, state, timer, left, uid, inode);
    }
    return at + 1;
  }

  /** The header, and what follows an oversized line up to its end. */
  private unusual(bytes: Uint8Array, start: number, end: number): number {
    const newline = bytes.subarray(0, end).indexOf(NEWLINE, start);
    if (newline < 0) return -1;
    if (this.line === 0) {
      // A colon would be that of a row that lost the newline before it.
      const text = Buffer.from(bytes.subarray(start, Math.min(newline, start + LONGEST_ROW))).toString('latin1');
      if (this.oversized > 0 || !/^ *sl +local_address +(rem|remote)_address +st\b[ -9;-~]*$/.test(text)) {
        throw new Error(
          `Cannot parse ${this.name}:1: ${found(bytes, start, newline)} is not the header of a socket table`,
        );
      }
      this.line = 1;
      return newline + 1;
    }
    this.line++;
    const length = this.oversized + newline - start;
    this.fail(bytes, start, newline, length, `ends a line of ${length} bytes; a row has about 150`);
    this.oversized = 0;
    return newline + 1;
  }

  /** A line that is no row, or a row whose end has not been read yet: then -1. */
  private badRow(bytes: Uint8Array, start: number, end: number, why: string): number {
    const newline = bytes.subarray(0, end).indexOf(NEWLINE, start);
    if (newline < 0) return -1;
    this.line++;
    this.fail(bytes, start, newline, newline - start, why);
    return newline + 1;
  }

  private fail(bytes: Uint8Array, start: number, end: number, length: number, why: string): void {
    // A long line may stand for as many rows as fit into it.
    this.unreadRows += Math.max(1, Math.floor(length / SHORTEST_ROW));
    this.firstError ??= new Error(`Cannot parse ${this.name}:${this.line}: ${found(bytes, start, end)} ${why}`);
  }

  /** The 32-bit word of eight hex digits, in network order, signed as a SocketTable wants it. */
  private wordAt(bytes: Uint8Array, at: number): number {
    const a = (HEX[bytes[at]!]! << 4) | HEX[bytes[at + 1]!]!;
    const b = (HEX[bytes[at + 2]!]! << 4) | HEX[bytes[at + 3]!]!;
    const c = (HEX[bytes[at + 4]!]! << 4) | HEX[bytes[at + 5]!]!;
    const d = (HEX[bytes[at + 6]!]! << 4) | HEX[bytes[at + 7]!]!;
    this.flaws |= a | b | c | d;
    return LITTLE_ENDIAN ? (d << 24) | (c << 16) | (b << 8) | a : (a << 24) | (b << 16) | (c << 8) | d;
  }

  /** The port of ":1F90 ". */
  private portAt(bytes: Uint8Array, at: number): number {
    const high = (HEX[bytes[at + 1]!]! << 4) | HEX[bytes[at + 2]!]!;
    const low = (HEX[bytes[at + 3]!]! << 4) | HEX[bytes[at + 4]!]!;
    this.flaws |= high | low | (bytes[at] === COLON && bytes[at + 5] === SPACE ? 0 : NOT_HEX);
    return (high << 8) | low;
  }
}

const NEWLINE = 10;
const SPACE = 32;
const COLON = 58;
const MAX_INT = 0x7fffffff;
/** Bytes of a row that ends with its inode, IPv4. */
const SHORTEST_ROW = 90;
/** The kernel's longest, IPv6 with every number at its widest, has about 260. */
const LONGEST_ROW = 512;
/** %08X of a __be32 prints it as this machine sees it. */
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Byte → its value as a hex digit; any other byte carries this flag, which survives shifts and ORs. */
const NOT_HEX = 0x100;
const HEX = new Uint16Array(256).fill(NOT_HEX);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

function skipField(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] === SPACE) at++;
  while (at < end && bytes[at]! > SPACE) at++;
  return at;
}

/** What stands there, quoted for an error: short, and with nothing that a terminal would obey. */
function found(bytes: Uint8Array, start: number, end: number): string {
  const text = JSON.stringify(Buffer.from(bytes.subarray(start, Math.min(end, start + 60))).toString('latin1'));
  return text.replace(/[\x7f-\xff]/g, '?') + (end - start > 60 ? '…' : '');
}
