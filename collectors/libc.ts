import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import type koffi from 'koffi';

type Bytes = Uint8Array;
/** A system call: what it returns, or −1, and then errno() tells why. */
type Call<Arguments extends unknown[]> = (...args: Arguments) => number;

/** The system calls that Node has no function for. Everything native goes through here. All of them are synchronous. */
export interface Libc {
  readonly socket: Call<[domain: number, type: number, protocol: number]>;
  readonly close: Call<[fd: number]>;
  readonly setsockopt: Call<[fd: number, level: number, option: number, value: Bytes, length: number]>;
  readonly getsockopt: Call<[fd: number, level: number, option: number, into: Bytes, length: Bytes]>;
  readonly bind: Call<[fd: number, address: Bytes, length: number]>;
  readonly connect: Call<[fd: number, address: Bytes, length: number]>;
  readonly getsockname: Call<[fd: number, address: Bytes, length: Bytes]>;
  readonly send: Call<[fd: number, bytes: Bytes, length: number, flags: number]>;
  readonly recv: Call<[fd: number, into: Bytes, length: number, flags: number]>;
  readonly read: Call<[fd: number, into: Bytes, length: number]>;
  /** The name of an interface of the calling thread's network namespace; null if there is none. */
  readonly interfaceName: (index: number) => string | null;
  /** setns(2) changes the calling thread: nothing may be awaited before it is changed back. */
  readonly setns: Call<[fd: number, kind: number]>;
  readonly poll: Call<[descriptors: Bytes, count: number, timeoutMs: number]>;
  /** Fills in a struct timespec: two 64-bit numbers, seconds and nanoseconds. */
  readonly clockGettime: Call<[clock: number, into: Bytes]>;
  /** Of the last call on this thread. */
  readonly errno: () => number;
}

/** loadLibc(), tried once: what could not be loaded is not tried again at every look. */
export function lazyLibc(load: () => Libc = loadLibc): () => Libc {
  let outcome: { libc: Libc } | { error: unknown } | undefined;
  return () => {
    try {
      outcome ??= { libc: load() };
    } catch (error) {
      outcome = { error };
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.libc;
  };
}

/** IF_NAMESIZE */
const LONGEST_INTERFACE_NAME = 16;

/**
 * libc by way of koffi, which comes as a prebuilt file for the usual platforms.
 *
 * @throws Error saying why, where there is none or it cannot be loaded; everything that /proc tells is still there.
 */
export function loadLibc(): Libc {
  let native: typeof koffi;
  try {
    native = createRequire(import.meta.url)('koffi') as typeof koffi;
  } catch (error) {
    throw new Error(`Cannot load koffi: ${(error as Error).message.split('\n', 1)[0]}`, { cause: error });
  }
  // null is this program itself, and with it the libc it runs on, whichever that is.
  const library = native.load(null);
  const name = Buffer.alloc(LONGEST_INTERFACE_NAME);
  const indexToName = library.func('void *if_indextoname(uint32_t, void *)');
  return {
    socket: library.func('int socket(int, int, int)'),
    close: library.func('int close(int)'),
    setsockopt: library.func('int setsockopt(int, int, int, void *, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, void *, void *)'),
    bind: library.func('int bind(int, void *, uint32_t)'),
    connect: library.func('int connect(int, void *, uint32_t)'),
    getsockname: library.func('int getsockname(int, void *, void *)'),
    send: library.func('int64_t send(int, void *, uint64_t, int)'),
    recv: library.func('int64_t recv(int, void *, uint64_t, int)'),
    read: library.func('int64_t read(int, void *, uint64_t)'),
    interfaceName: (index) => (indexToName(index, name) === null ? null : name.toString('latin1', 0, name.indexOf(0))),
    setns: library.func('int setns(int, int)'),
    poll: library.func('int poll(void *, uint64_t, int)'),
    clockGettime: library.func('int clock_gettime(int, void *)'),
    errno: () => native.errno(),
  };
}

/** "Cannot open a netlink socket: operation not permitted (EPERM)", with `code` as errors of node:fs have it. */
export class SystemError extends Error {
  readonly code: string;

  constructor(action: string, errno: number) {
    const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
    super(`Cannot ${action}: ${text} (${code})`);
    this.code = code;
  }
}

/** The result of a system call, unless it failed. */
export function succeeded(libc: Libc, result: number, action: string): number {
  if (result < 0) throw new SystemError(action, libc.errno());
  return result;
}
