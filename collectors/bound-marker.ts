import type { PortSettings } from '../agent/model/port-settings.ts';
import type { SocketTable } from '../agent/model/socket-table.ts';
import { type Libc, succeeded } from './libc.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
/** Nobody else's: what is bound here is in nobody's way but that of a wildcard bind to the same port without SO_REUSEADDR. */
const LOCAL = [127, 127, 83, 18] as const;
/** Below it needs a privilege (ip_unprivileged_port_start, by default). */
const LOWEST = 1024;
const HIGHEST = 65_535;

/** A socket that is bound and no more, so that a list which does not have it is known not to have any. */
export interface BoundMarker {
  /** Whether the table lists it; takes it out. */
  readonly take: (table: SocketTable) => boolean;
  readonly close: () => void;
}

/**
 * Binds a socket to a port beside the range, so that it takes none of those that run out; null: there is none to be had, for
 * the range leaves no room, `lo` is down, or somebody has that port.
 */
export function boundMarker(libc: Libc, { low, high }: PortSettings['range']): BoundMarker | null {
  const port = high < HIGHEST ? high + 1 : low > LOWEST ? low - 1 : null;
  if (port === null) return null;
  const fd = succeeded(libc, libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'open a socket');
  const one = new Uint8Array(new Int32Array([1]).buffer);
  libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, one.length);
  const address = socketAddress(port);
  if (libc.bind(fd, address, address.length) < 0) {
    libc.close(fd);
    return null;
  }
  // The key of an IPv4 address is its number.
  const key = new DataView(address.buffer).getUint32(4);
  return { take: (table) => table.removeBound(port, key), close: () => void libc.close(fd) };
}

/** struct sockaddr_in */
function socketAddress(port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new Uint16Array(bytes.buffer, 0, 1)[0] = AF_INET;
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(LOCAL, 4);
  return bytes;
}
