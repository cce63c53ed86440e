import type { Host } from '../agent/model/host.ts';
import type { Collector } from '../agent/model/readings.ts';
import { SocketTable } from '../agent/model/socket-table.ts';
import { boundMarker } from './bound-marker.ts';
import { type Libc, lazyLibc, SystemError, succeeded } from './libc.ts';
import { ALL_STATES, BOUND_STATE, encodeDumpRequest, SockDiagError, SockDiagParser } from './sock-diag-codec.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** recv() returns the datagram's real length, even where it did not fit. */
const MSG_TRUNC = 0x20;
const EINTR = 4;
const ENOENT = 2;

/** A dump comes in datagrams of at most 32 KiB, whatever the buffer (netlink_dump, net/netlink/af_netlink.c). */
const BUFFER_BYTES = 64 * 1024;
/**
 * The kernel fills the next datagram when one is taken, without waiting for anybody. What takes longer does not come,
 * and a thread that waited for it for ever could not be ended either.
 */
const PATIENCE_S = 2;
/** Dumps that the kernel calls inconsistent before one is taken as it is. */
const ATTEMPTS = 3;

/**
 * The sockets of the calling thread's network namespace from the kernel's socket diagnostics: as in /proc/net/tcp{,6}
 * and, from Linux 6.8 on, those that are bound and not connected, which /proc does not list. Whether this kernel does is seen
 * by a bound socket of our own, in the first dump that asks for such. The netlink socket is closed before anything else happens:
 * an open one would keep a deleted network namespace alive.
 *
 * Throws if koffi cannot be loaded, the kernel has no inet_diag, or it refuses.
 */
export function sockDiag(libcOf: () => Libc = lazyLibc()): Collector {
  const table = new SocketTable();
  const buffer = new Uint8Array(BUFFER_BYTES);
  let listsBound: boolean | undefined;
  return {
    name: 'sock-diag',
    costs: 'sockets are read from /proc: slower, and what is bound but not connected is not seen',
    collect(readings, host) {
      if (!host.isLive) throw new Error(`${host.procfs} is not the running kernel's procfs, of which alone it tells`);
      const libc = libcOf();
      const isOpen = readings.wantsBound && listsBound === undefined;
      const marker = isOpen && readings.ports !== null ? boundMarker(libc, readings.ports.range) : null;
      let interrupted: boolean;
      try {
        interrupted = dump(libc, readings.wantsBound ? ALL_STATES | BOUND_STATE : ALL_STATES, table, buffer);
        const isThere = marker?.take(table) ?? null;
        // A dump that was interrupted may have passed it over, and then says nothing of this kernel.
        if (isThere !== null && (isThere || !interrupted)) listsBound = isThere;
      } finally {
        marker?.close();
      }
      if (interrupted) {
        readings.gaps.push({
          source: 'sock-diag',
          what: 'sockets that came or went during the look',
          why: `the kernel called each of ${ATTEMPTS} dumps inconsistent`,
          costs: 'a few sockets may be missing or counted twice; ports are counted once all the same',
        });
      }
      for (let destination = 0; destination < table.destinationCount; destination++) {
        const index = table.deviceOf(destination);
        if (index === 0 || readings.interfaces.has(index)) continue;
        readings.interfaces.set(index, libc.interfaceName(index) ?? `interface ${index}`);
      }
      // A kernel that does not know the state says nothing of it, which looks like none.
      const isListed = listsBound ?? (table.boundPorts.length > 0 || isSince(host, 6, 8));
      if (readings.wantsBound && isListed) readings.unlistedSockets = 0;
      readings.engine = 'sock_diag';
      readings.sockets = table;
    },
  };
}

/** Whether the running kernel is of that version or later: where no marker can be set, only that tells. */
function isSince(host: Host, major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = host.readText('sys/kernel/osrelease').split('.', 2).map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}

/**
 * Asks and takes the whole answer, datagram by datagram: `feed` says whether it was the last. Throws what `feed` throws, or
 * a SystemError.
 */
export function askSockDiag(
  libc: Libc,
  request: Uint8Array,
  buffer: Uint8Array,
  feed: (length: number) => boolean,
): void {
  const fd = succeeded(
    libc,
    libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG),
    'open a sock_diag socket',
  );
  try {
    receive(libc, fd, request, buffer, feed);
  } catch (error) {
    if (!(error instanceof SockDiagError)) throw error;
    // The protocol's own words for: no such family of sockets here.
    const missing = error.errno === ENOENT ? 'ask for TCP sockets, the kernel has no inet_diag' : 'dump TCP sockets';
    throw new SystemError(missing, error.errno);
  } finally {
    libc.close(fd);
  }
}

/** Fills the table; returns whether the kernel called even the last attempt inconsistent. */
function dump(libc: Libc, states: number, table: SocketTable, buffer: Uint8Array): boolean {
  for (let attempt = 1; ; attempt++) {
    table.reset();
    const parser = new SockDiagParser(buffer, table, attempt);
    askSockDiag(libc, encodeDumpRequest(states, attempt), buffer, (length) => parser.feed(length));
    if (!parser.interrupted) return false;
    if (attempt === ATTEMPTS) return true;
  }
}

function receive(
  libc: Libc,
  fd: number,
  request: Uint8Array,
  buffer: Uint8Array,
  feed: (length: number) => boolean,
): void {
  const patience = new Uint8Array(new BigInt64Array([BigInt(PATIENCE_S), 0n]).buffer);
  succeeded(
    libc,
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, patience, patience.length),
    'limit the wait for netlink',
  );
  succeeded(libc, libc.send(fd, request, request.length, 0), 'ask sock_diag');
  for (;;) {
    const length = libc.recv(fd, buffer, buffer.length, MSG_TRUNC);
    if (length < 0 && libc.errno() === EINTR) continue;
    succeeded(libc, length, 'read the answer of sock_diag');
    if (length === 0 || length > buffer.length) {
      throw new Error(`Cannot read the answer of sock_diag: a datagram of ${length} bytes`);
    }
    if (feed(length)) return;
  }
}
