import type { Host } from '../agent/model/host.ts';
import type { Libc } from './libc.ts';

/** From linux/time.h. */
const CLOCK_THREAD_CPUTIME_ID = 3;
const TIMESPEC_BYTES = 16;

/**
 * A clock that shows how long the calling thread has had a processor, in ms: what work costs, however many others want the
 * processor meanwhile. clock_gettime(2) where there is libc; else /proc/thread-self/schedstat, which goes on in steps of
 * the scheduler's tick (4 ms at HZ=250) and is right on average; else `monotonic`.
 */
export function threadCpu(host: Host, libcOf: () => Libc, monotonic: () => number): () => number {
  const bytes = new Uint8Array(TIMESPEC_BYTES);
  const view = new DataView(bytes.buffer);
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  let libc: Libc | null | undefined;
  const load = (): Libc | null => {
    try {
      return libcOf();
    } catch {
      return null; // the look says so by its engine
    }
  };
  return () => {
    if (libc === undefined) libc = load();
    if (libc !== null && libc.clockGettime(CLOCK_THREAD_CPUTIME_ID, bytes) === 0) {
      return Number(view.getBigInt64(0, little)) * 1000 + Number(view.getBigInt64(8, little)) / 1e6;
    }
    try {
      return Number.parseInt(host.readText('thread-self/schedstat'), 10) / 1e6;
    } catch {
      return monotonic(); // a kernel without it
    }
  };
}
