import { type Libc, SystemError, succeeded } from '../collectors/libc.ts';

export interface ServiceManager {
  /** Never throws: a daemon that cannot say so looks on all the same. */
  readonly send: (message: string) => void;
  readonly watchdogMs: number | null;
}

const AF_UNIX = 1;
/** SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC: a service manager that does not read must not keep the daemon waiting. */
const DATAGRAM = 2 | 0o4000 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** sizeof(sockaddr_un.sun_path) of unix(7). */
const LONGEST_PATH = 108;

/**
 * Where sd_notify(3) is listened to, if the daemon was started by something that does; null: nowhere. Takes the variables
 * out of `env`, so that no program started from here speaks for the daemon. `onError` hears of the first message that was
 * not taken, and of the first one after the next that was: Node has no datagram sockets in the Unix domain, so where koffi
 * cannot be loaded none is.
 *
 * @throws Error for an address that cannot be
 */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  pid: number,
  libcOf: () => Libc,
  onError: (error: Error) => void,
): ServiceManager | null {
  const { NOTIFY_SOCKET: address, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (address === undefined || address === '') return null;
  const isMine = watched === undefined || Number(watched) === pid;
  const watchdogMs = isMine && Number(usec) > 0 ? Number(usec) / 1000 : null;
  const socket = new NotifySocket(socketAddress(address));
  let isFailing = false;
  const send = (message: string) => {
    try {
      socket.send(libcOf(), message);
      isFailing = false;
    } catch (error) {
      if (!isFailing) onError(error as Error);
      isFailing = true;
    }
  };
  return { send, watchdogMs };
}

/** Kept open: where no descriptor is to be had any more, the service manager still hears that the daemon lives. */
class NotifySocket {
  private fd = -1;
  private readonly address: Uint8Array;

  constructor(address: Uint8Array) {
    this.address = address;
  }

  send(libc: Libc, message: string): void {
    const bytes = Buffer.from(message);
    const isSent = () => this.fd >= 0 && Number(libc.send(this.fd, bytes, bytes.length, MSG_NOSIGNAL)) === bytes.length;
    if (isSent()) return;
    // Whoever listened there may have been started anew.
    if (this.fd >= 0) libc.close(this.fd);
    this.fd = -1;
    this.fd = open(libc, this.address);
    if (!isSent()) throw new SystemError('tell the service manager', libc.errno());
  }
}

function open(libc: Libc, address: Uint8Array): number {
  const fd = succeeded(libc, libc.socket(AF_UNIX, DATAGRAM, 0), 'open a Unix socket');
  if (libc.connect(fd, address, address.length) === 0) return fd;
  const error = new SystemError('reach the service manager at $NOTIFY_SOCKET', libc.errno());
  libc.close(fd);
  throw error;
}

/** struct sockaddr_un of a path, or of a name in the abstract namespace, which is written with an @ for its first byte. */
function socketAddress(address: string): Uint8Array {
  const path = Buffer.from(address);
  if (!/^[/@]./.test(address) || path.length >= LONGEST_PATH) {
    throw new Error(`$NOTIFY_SOCKET: ${JSON.stringify(address)} is neither a path nor @NAME of a Unix socket`);
  }
  if (address.startsWith('@')) path[0] = 0;
  return Buffer.concat([Buffer.of(AF_UNIX, 0), path]);
}
