import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './model/host.ts';

const TEXT_LIMIT = 64 * 1024;

/** The real Host. Synchronous on purpose: reads of /proc never wait for a disk, and promises cost twice the CPU. */
export function realHost(procfs: string): Host {
  // net/ is that of the process's first thread; another one may be in another network namespace (proc_tgid_net_lookup).
  const isLive = existsSync(join(procfs, 'thread-self/net'));
  // Not join(): it would cost more than some of the reads.
  const at = (path: string) =>
    isLive && path.startsWith('net/') ? `${procfs}/thread-self/${path}` : `${procfs}/${path}`;
  // One buffer for all texts: they are read one at a time, a dozen a tick.
  let scratch = Buffer.allocUnsafe(TEXT_LIMIT);
  return {
    procfs,
    isLive,
    readText(path, limit = TEXT_LIMIT) {
      if (scratch.length < limit) scratch = Buffer.allocUnsafe(limit);
      const fd = openSync(at(path), 'r');
      try {
        const length = readSync(fd, scratch, 0, limit, null);
        if (length === limit) throw new RangeError(`${at(path)} has ${limit} bytes or more`);
        return scratch.toString('latin1', 0, length);
      } finally {
        closeSync(fd);
      }
    },
    readLink: (path) => readlinkSync(at(path)),
    list: (path) => readdirSync(at(path)),
    open(path) {
      const fd = openSync(at(path), 'r');
      return {
        fd,
        inode: () => fstatSync(fd).ino,
        read: (buffer, offset, length) => readSync(fd, buffer, offset, length, null),
        textNow: () => scratch.toString('latin1', 0, readSync(fd, scratch, 0, scratch.length, 0)),
        close: () => closeSync(fd),
      };
    },
  };
}

/** Wall-clock milliseconds since the epoch: the one `now` of a tick. */
export const now = (): number => Date.now();

/** Milliseconds on a clock that no one sets: for durations. */
export const monotonic = (): number => performance.now();

/** What CLOCK_MONOTONIC shows when monotonic() shows 0 on this thread, in ms. */
export const monotonicOriginMs = (): number => Number(process.hrtime.bigint()) / 1e6 - performance.now();

/**
 * The names of this host's users (passwd(5)), read when first asked for and again when an unknown uid is, at most once a
 * minute. Only the file: a directory service could take its time.
 */
export function userNames(path = '/etc/passwd', clock: () => number = monotonic): (uid: number) => string | null {
  let names = new Map<number, string>();
  let readAt = Number.NEGATIVE_INFINITY;
  return (uid) => {
    const known = names.get(uid);
    if (known !== undefined || clock() - readAt < 60_000) return known ?? null;
    readAt = clock();
    try {
      const lines = readFileSync(path, 'latin1').split('\n');
      names = new Map(
        lines.map((line) => line.split(':')).map(([name = '', , id]) => [Number(id ?? Number.NaN), name]),
      );
    } catch {
      // A container may have none.
    }
    return names.get(uid) ?? null;
  };
}

/** The number of a group of this host (group(5)), by its name or written as a number; null: there is none. */
export function groupId(name: string, path = '/etc/group'): number | null {
  if (/^\d+$/.test(name)) return Number(name);
  try {
    const line = readFileSync(path, 'latin1')
      .split('\n')
      .find((one) => one.startsWith(`${name}:`));
    return line === undefined ? null : Number(line.split(':')[2]);
  } catch {
    return null; // a container may have none
  }
}

/** At most `limit` bytes from the start of any file. Throws what node:fs throws. */
export function readFileStart(path: string, limit: number): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(limit);
    let filled = 0;
    for (let length = -1; length !== 0 && filled < limit; filled += length) {
      length = readSync(fd, buffer, filled, limit - filled, null);
    }
    return buffer.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

/** A file that comes with this program, by its path in the package. */
export const shippedText = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** This program's version, from its package.json. */
export const version = (): string => (JSON.parse(shippedText('package.json')) as { version: string }).version;
