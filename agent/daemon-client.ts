import type { Client } from 'undici';
import type { Listen } from './config/option-values.ts';
import { formatEndpoint } from './model/address.ts';

/** Why a daemon did not answer. */
export interface NoAnswer {
  readonly state: 'not running' | 'silent' | 'stranger' | 'unreachable';
  readonly detail: string;
}

export interface Answered {
  readonly state: 'answered';
  readonly statusCode: number;
  readonly contentType: string;
  readonly text: string;
}

const NOT_RUNNING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such socket',
};

export interface AskLimits {
  readonly timeoutMs: number;
  readonly mostBytes: number;
}

/** Asks the daemon where it would listen, once. Never rejects: not running is an answer. Loads undici (90 ms). */
export async function askDaemon(listen: Listen, path: string, limits: AskLimits): Promise<Answered | NoAnswer> {
  const client = await DaemonClient.open(listen, limits);
  try {
    return await client.ask(path);
  } finally {
    await client.close();
  }
}

/** The same again and again, over one connection for as long as it lasts. */
export class DaemonClient {
  private readonly client: Client | null;
  private readonly limits: AskLimits;
  private readonly isStranger: (error: unknown) => boolean;

  private constructor(client: Client | null, limits: AskLimits, isStranger: (error: unknown) => boolean) {
    this.client = client;
    this.limits = limits;
    this.isStranger = isStranger;
  }

  static async open(listen: Listen, limits: AskLimits): Promise<DaemonClient> {
    if (listen.kind === 'tcp' && listen.port === 0) return new DaemonClient(null, limits, () => false);
    const { buildConnector, Client, errors } = await import('undici');
    const socketPath = listen.kind === 'unix' ? listen.path : null;
    const connector = buildConnector({ timeout: limits.timeoutMs, socketPath });
    const hostname = listen.kind === 'unix' ? 'localhost' : reachable(listen.host);
    // The origin, which becomes the Host header, has no room for the zone that the connection needs.
    const client = new Client(originOf(hostname, listen.kind === 'unix' ? 80 : listen.port), {
      connect: (options, callback) => connector({ ...options, hostname }, callback),
      maxResponseSize: limits.mostBytes,
    });
    return new DaemonClient(client, limits, (error) => error instanceof errors.HTTPParserError);
  }

  /** Never rejects. */
  async ask(path: string): Promise<Answered | NoAnswer> {
    const { client } = this;
    if (client === null) {
      return { state: 'unreachable', detail: 'port 0 lets the kernel choose, and it tells no one' };
    }
    const { timeoutMs } = this.limits;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const { statusCode, headers, body } = await client.request({ method: 'GET', path, signal });
      return { state: 'answered', statusCode, contentType: String(headers['content-type']), text: await body.text() };
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      const reason = NOT_RUNNING[code];
      if (reason !== undefined) return { state: 'not running', detail: `${reason} (${code})` };
      if (signal.aborted || code === 'UND_ERR_CONNECT_TIMEOUT') {
        return { state: 'silent', detail: `no answer within ${timeoutMs} ms` };
      }
      if (this.isStranger(error)) return { state: 'stranger', detail: 'it does not speak HTTP' };
      return { state: 'unreachable', detail: message };
    }
  }

  async close(): Promise<void> {
    await this.client?.destroy();
  }
}

/** A wildcard is reached through the loopback. */
const reachable = (host: string): string => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[host] ?? host;

const originOf = (hostname: string, port: number): string =>
  `http://${formatEndpoint(hostname.split('%', 1)[0] as string, port)}`;
