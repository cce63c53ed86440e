import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { buildConnector } from 'undici';

/** The range that connect() chooses from; null: not known. */
export type PortRange = { readonly low: number; readonly high: number } | null;

export interface ConnectOptions {
  readonly range: () => PortRange;
  /** Certificates to trust instead of the system's, in PEM. */
  readonly ca: string | null;
}

/** To one address of a name; the next one is tried after that. */
const CONNECT_TIMEOUT_MS = 1000;
/** Local ports outside the range that are tried, one after the other. */
const OUTSIDE_TRIES = 32;
/** Below, a port needs CAP_NET_BIND_SERVICE. */
const UNPRIVILEGED = 1024;
const HIGHEST_PORT = 65535;
/** connect() found no port: all are used for this destination, or bind() has taken them. */
const NO_PORT = new Set(['EADDRNOTAVAIL', 'EADDRINUSE']);

/**
 * Opens a TCP connection. Where no port of the range is left, from a port outside it: bind() to a port of one's own
 * choice asks the range for nothing, so that what tells of the end of the ports gets out when it has come.
 */
async function openSocket(host: string, port: number, range: PortRange): Promise<Socket> {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  // Looked up each time: whoever answers by that name may have moved.
  const addresses = isIP(name) === 0 ? await lookup(name, { all: true }) : [{ address: name }];
  let last: unknown = new Error(`${name} has no address`);
  for (const { address } of addresses) {
    try {
      return await open(address, port);
    } catch (error) {
      last = error;
      if (!NO_PORT.has((error as NodeJS.ErrnoException).code ?? '')) continue;
      for (const localPort of outside(range)) {
        try {
          return await open(address, port, localPort);
        } catch (again) {
          last = again;
          if (!NO_PORT.has((again as NodeJS.ErrnoException).code ?? '')) break;
        }
      }
    }
  }
  throw last;
}

/** Ports outside the range, from a random one on, the unprivileged first. */
function outside(range: PortRange): number[] {
  const { low, high } = range ?? { low: 32768, high: 60999 };
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

function open(host: string, port: number, localPort?: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(localPort === undefined ? {} : { localPort }) });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(Object.assign(new Error(`${host} does not answer`), { code: 'ETIMEDOUT' }));
    }, CONNECT_TIMEOUT_MS);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 10_000);
      resolve(socket);
    });
  });
}

/** A reconnect waits so long after one that failed or was closed at once. */
const SPARE_PAUSE_MS = 15_000;
/** A spare that lived so long was worth having: its successor is opened at once. */
const SPARE_LIFE_MS = 20_000;

/**
 * Keeps one connection open in advance, so that the next request needs no new port, and hands it to undici when it wants
 * one.
 */
export class SpareConnection {
  private spare: Socket | null = null;
  private opening = false;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly host: string;
  private readonly port: number;
  private readonly isTls: boolean;
  private readonly options: ConnectOptions;

  constructor(origin: URL, options: ConnectOptions) {
    this.host = origin.hostname;
    this.isTls = origin.protocol === 'https:';
    this.port = Number(origin.port || (this.isTls ? 443 : 80));
    this.options = options;
  }

  /** For undici's `connect`. */
  readonly connector: buildConnector.connector = (options, callback) => {
    this.take().then(
      (socket) => {
        if (!this.isTls) {
          callback(null, socket);
          return;
        }
        const { ca } = this.options;
        const secure = buildConnector({ timeout: CONNECT_TIMEOUT_MS * 2, ...(ca === null ? {} : { ca }) });
        secure({ ...options, httpSocket: socket }, (error: Error | null, made: unknown) => {
          if (error !== null) socket.destroy();
          (callback as (error: Error | null, socket: unknown) => void)(error, made);
        });
      },
      (error: Error) => callback(error, null),
    );
  };

  /** Opens the spare one if there is none. */
  warm(): void {
    if (this.spare !== null || this.opening || this.isClosed || this.timer !== undefined) return;
    this.opening = true;
    const begun = performance.now();
    const again = () => {
      if (this.isClosed) return;
      const pause = performance.now() - begun >= SPARE_LIFE_MS ? 0 : SPARE_PAUSE_MS;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.warm();
      }, pause).unref();
    };
    openSocket(this.host, this.port, this.options.range()).then(
      (socket) => {
        this.opening = false;
        if (this.isClosed) {
          socket.destroy();
          return;
        }
        socket.unref();
        this.spare = socket;
        const gone = () => {
          if (this.spare !== socket) return;
          this.spare = null;
          socket.destroy();
          again();
        };
        // Who speaks first, or hangs up, is no spare.
        for (const event of ['close', 'error', 'end', 'data'] as const) socket.on(event, gone);
      },
      () => {
        this.opening = false;
        again();
      },
    );
  }

  /** What was open in advance may lead to where nobody is any more. */
  discard(): void {
    const { spare } = this;
    this.spare = null;
    spare?.destroy();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.discard();
  }

  private async take(): Promise<Socket> {
    const { spare } = this;
    this.spare = null;
    if (spare === null || spare.destroyed) return openSocket(this.host, this.port, this.options.range());
    for (const event of ['close', 'error', 'end', 'data'] as const) spare.removeAllListeners(event);
    spare.ref();
    return spare;
  }
}
