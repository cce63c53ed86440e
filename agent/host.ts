import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './model/host.ts';

const TEXT_LIMIT = 64 * 1024;

/** The real Host. Synchronous on purpose: reads of /proc never wait for a disk, and promises cost twice the CPU. */
export function realHost(procfs: string): Host {
  const at = (path: string) => join(procfs, path);
  // One buffer for all texts: they are read one at a time, a dozen a tick.
  let scratch = Buffer.allocUnsafe(TEXT_LIMIT);
  return {
    procfs,
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
    open(path) {
      const fd = openSync(at(path), 'r');
      return {
        read: (buffer, offset, length) => readSync(fd, buffer, offset, length, null),
        close: () => closeSync(fd),
      };
    },
  };
}

/** Wall-clock milliseconds since the epoch: the one `now` of a tick. */
export const now = (): number => Date.now();

/** Milliseconds on a clock that no one sets: for durations. */
export const monotonic = (): number => performance.now();
