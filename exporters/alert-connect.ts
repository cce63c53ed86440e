import { connect, type Socket } from 'node:net';

/** The range that connect() chooses from; null: not known. */
export type PortRange = { readonly low: number; readonly high: number } | null;

/** For one address; the last one gets the first SYN's whole second, after which the kernel would send another. */
const CONNECT_TIMEOUT_MS = 1000;
const NEXT_ADDRESS_MS = 300;
/** Local ports outside the range that are tried, one after the other, above it, below it and below that. */
const OUTSIDE_TRIES = 32;
/** Below, a port needs CAP_NET_BIND_SERVICE. */
const UNPRIVILEGED = 1024;
const HIGHEST_PORT = 65535;
/** As the kernel has it where nobody has changed it. */
const USUAL_RANGE = { low: 32768, high: 60999 };
/** connect() found no port: all are used for this destination, or bind() has taken them. */
const NO_PORT = new Set(['EADDRNOTAVAIL', 'EADDRINUSE']);
/** A keepalive probe after so long without a word; libuv sends ten more, one a second, before it gives up. */
export const KEEP_ALIVE_MS = 10_000;

/**
 * Opens a TCP connection to the first of the addresses that answers. Where no port of the range is left, from a port
 * outside it: bind() to a port of one's own choice asks the range for nothing, so that what tells of the end of the ports
 * gets out when it has come. `range` is asked only then.
 */
export async function openSocket(addresses: readonly string[], port: number, range: () => PortRange): Promise<Socket> {
  let last: unknown = new Error('the name has no address');
  for (const [index, address] of addresses.entries()) {
    const patience = index === addresses.length - 1 ? CONNECT_TIMEOUT_MS : NEXT_ADDRESS_MS;
    try {
      return await open(address, port, patience);
    } catch (error) {
      last = error;
    }
    if (!isWithoutPort(last)) continue;
    for (const localPort of outside(range() ?? USUAL_RANGE)) {
      try {
        return await open(address, port, patience, localPort);
      } catch (error) {
        if (isWithoutPort(error)) continue;
        // Not allowed to have that port: what is wrong is still that there is no other.
        if ((error as NodeJS.ErrnoException).code !== 'EACCES') last = error;
        break;
      }
    }
  }
  throw last;
}

const isWithoutPort = (error: unknown): boolean => NO_PORT.has((error as NodeJS.ErrnoException).code ?? '');

/** Ports outside the range, each time from another one on, the unprivileged first. */
export function outside({ low, high }: { readonly low: number; readonly high: number }): number[] {
  const around = [
    [high + 1, HIGHEST_PORT],
    [UNPRIVILEGED, low - 1],
    [1, Math.min(UNPRIVILEGED, low) - 1],
  ] as const;
  return around.flatMap(([from, to]) => {
    const count = to - from + 1;
    if (count <= 0) return [];
    const start = Math.floor(Math.random() * count);
    return Array.from({ length: Math.min(OUTSIDE_TRIES, count) }, (_, index) => from + ((start + index) % count));
  });
}

function open(host: string, port: number, patienceMs: number, localPort?: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(localPort === undefined ? {} : { localPort }) });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(Object.assign(new Error(`${host} port ${port} does not answer`), { code: 'ETIMEDOUT' }));
    }, patienceMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      resolve(socket);
    });
  });
}
