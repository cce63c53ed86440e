import { type Libc, SystemError, succeeded } from './libc.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IP = 0;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IP_LOCAL_PORT_RANGE = 51;
const IPPROTO_TCP = 6;
const TCP_FASTOPEN_CONNECT = 30;
const TCP_FASTOPEN_NO_COOKIE = 34;
const EADDRNOTAVAIL = 99;
const EINPROGRESS = 115;
const ENOPROTOOPT = 92;
const EOPNOTSUPP = 95;

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
/** Asks between two looks at the clock. */
const BATCH = 64;

/** How one round of asking went. */
export interface Asked {
  readonly answered: number;
  /** Whether there was time for all. */
  readonly complete: boolean;
}

/**
 * Asks the kernel of one port after the other whether bind() has it, which blocks it for every connect(), in the calling
 * thread's network namespace (Linux 6.3).
 *
 * A socket whose own port range (IP_LOCAL_PORT_RANGE, ip(7)) is that one port connects to a four-tuple that nobody has:
 * only a bind bucket made by bind() can stand in the way, and then the kernel answers EADDRNOTAVAIL (__inet_hash_connect).
 * Nobody notices: with TCP_FASTOPEN_CONNECT connect() sends nothing (tcp_fastopen_defer_connect), and AF_UNSPEC takes it
 * back. Where fast open is off, one SYN goes to port 0 of this host, where nobody can listen, and is reset.
 *
 * A program that binds a port in the very microseconds it is asked about would be refused if it and the asking socket
 * had an address in common. So that one has an address of its own in 127/8, which also keeps two Lastports apart, and
 * SO_REUSEADDR: what is left is a wildcard bind without SO_REUSEADDR, which the socket that made the port worth asking
 * about refuses already.
 */
export class PortAsker {
  private readonly libc: Libc;
  private readonly local: Uint8Array;
  private readonly nowhere = socketAddress([127, 0, 0, 1]);
  private readonly unspecified = new Uint8Array(16);
  private readonly name = new Uint8Array(16);
  private readonly nameLength = new Uint8Array(4);
  private readonly range = new Uint8Array(4);
  private readonly rangeView = new DataView(this.range.buffer);
  private readonly nameLengthView = new DataView(this.nameLength.buffer);

  /** `salt`: a number that two who may ask at the same time do not share, such as the pid. */
  constructor(libc: Libc, salt: number) {
    this.libc = libc;
    this.local = socketAddress([127, 64 | ((salt >>> 16) & 63), (salt >>> 8) & 255, salt & 255 || 1]);
  }

  /**
   * Ports must be inside the namespace's range and not reserved: of others the kernel says nothing.
   *
   * @param isLate asked now and then; true ends it early.
   * @throws Error if this kernel or this namespace does not answer; what was noted before that holds.
   */
  ask(ports: readonly number[], note: (port: number, isBlocked: boolean) => void, isLate: () => boolean): Asked {
    const fd = this.open();
    let answered = 0;
    try {
      for (const port of ports) {
        if (answered % BATCH === 0 && isLate()) return { answered, complete: false };
        note(port, this.isBlocked(fd, port));
        answered++;
      }
    } finally {
      this.libc.close(fd);
    }
    return { answered, complete: true };
  }

  private open(): number {
    const { libc } = this;
    const fd = succeeded(libc, libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'open a socket');
    try {
      this.set(fd, SOL_SOCKET, SO_REUSEADDR, 'share the asked port');
      // Off in tcp_fastopen, or a kernel before 4.11: then it goes with a packet.
      for (const option of [TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE]) {
        if (libc.setsockopt(fd, IPPROTO_TCP, option, ONE, ONE.length) < 0) {
          const errno = libc.errno();
          if (errno !== EOPNOTSUPP && errno !== ENOPROTOOPT) throw new SystemError('connect without a packet', errno);
          break;
        }
      }
      this.set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 'bind an address alone');
      succeeded(libc, libc.bind(fd, this.local, this.local.length), 'bind an address of lo, which may be down');
      return fd;
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  private set(fd: number, level: number, option: number, action: string): void {
    succeeded(this.libc, this.libc.setsockopt(fd, level, option, ONE, ONE.length), action);
  }

  private isBlocked(fd: number, port: number): boolean {
    const { libc, range, name } = this;
    // One port alone: highest << 16 | lowest.
    this.rangeView.setUint32(0, ((port << 16) | port) >>> 0, LITTLE);
    succeeded(
      libc,
      libc.setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, range, range.length),
      'ask about one port, which needs Linux 6.3',
    );
    if (libc.connect(fd, this.nowhere, this.nowhere.length) < 0) {
      const errno = libc.errno();
      if (errno === EADDRNOTAVAIL) return true;
      if (errno !== EINPROGRESS) throw new SystemError(`ask about port ${port}`, errno);
    }
    this.nameLengthView.setUint32(0, name.length, LITTLE);
    succeeded(libc, libc.getsockname(fd, name, this.nameLength), 'see which port was taken');
    const taken = (name[2]! << 8) | name[3]!;
    succeeded(libc, libc.connect(fd, this.unspecified, this.unspecified.length), 'give the asked port back');
    // The kernel passes over a range that is not inside the namespace's, and takes any port.
    if (taken !== port)
      throw new Error(`Cannot ask about port ${port}: the kernel took ${taken}, out of another range`);
    return false;
  }
}

const ONE = new Uint8Array(new Int32Array([1]).buffer);

/** struct sockaddr_in, with port 0. */
function socketAddress(address: readonly [number, number, number, number]): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint16(0, AF_INET, LITTLE);
  bytes.set(address, 4);
  return bytes;
}
