import { formatListen, type Listen } from '../config/option-values.ts';
import { formatEndpoint } from '../model/address.ts';

/** Whether a daemon answers where it would listen. `stranger`: something else does. */
export interface DaemonHealth {
  readonly listen: string;
  readonly state: 'healthy' | 'unhealthy' | 'not running' | 'silent' | 'stranger' | 'unreachable';
  /** What it said, or why not. */
  readonly detail: string;
}

const NOT_RUNNING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such socket',
};

/** Time for one short answer over the loopback; what needs longer is not well. */
const TIMEOUT_MS = 1000;
const LONGEST_ANSWER = 200;

/** GET /healthz, once. Never rejects: not running is an answer. Loads undici (90 ms). */
export async function askHealth(listen: Listen, timeoutMs = TIMEOUT_MS): Promise<DaemonHealth> {
  const shown = formatListen(listen);
  if (listen.kind === 'tcp' && listen.port === 0) {
    return { listen: shown, state: 'unreachable', detail: 'port 0 lets the kernel choose, and it tells no one' };
  }
  const { buildConnector, Client, errors } = await import('undici');
  const connector = buildConnector({ timeout: timeoutMs, socketPath: listen.kind === 'unix' ? listen.path : null });
  const hostname = listen.kind === 'unix' ? 'localhost' : reachable(listen.host);
  // The origin, which becomes the Host header, has no room for the zone that the connection needs.
  const client = new Client(originOf(hostname, listen.kind === 'unix' ? 80 : listen.port), {
    connect: (options, callback) => connector({ ...options, hostname }, callback),
    maxResponseSize: 64 * 1024,
  });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { statusCode, headers, body } = await client.request({ method: 'GET', path: '/healthz', signal });
    const text = (await body.text()).replace(/[\s\p{Cc}]+/gu, ' ').trim();
    if ((statusCode !== 200 && statusCode !== 503) || String(headers['content-type']).includes('html')) {
      return { listen: shown, state: 'stranger', detail: `it answers GET /healthz with ${statusCode}` };
    }
    const detail = `${statusCode} ${text.slice(0, LONGEST_ANSWER)}`.trim();
    return { listen: shown, state: statusCode === 200 ? 'healthy' : 'unhealthy', detail };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = NOT_RUNNING[code];
    if (reason !== undefined) return { listen: shown, state: 'not running', detail: `${reason} (${code})` };
    if (signal.aborted || code === 'UND_ERR_CONNECT_TIMEOUT') {
      return { listen: shown, state: 'silent', detail: `no answer within ${timeoutMs} ms` };
    }
    if (error instanceof errors.HTTPParserError)
      return { listen: shown, state: 'stranger', detail: 'it does not speak HTTP' };
    return { listen: shown, state: 'unreachable', detail: message };
  } finally {
    await client.destroy();
  }
}

/** A wildcard is reached through the loopback. */
const reachable = (host: string): string => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[host] ?? host;

const originOf = (hostname: string, port: number): string =>
  `http://${formatEndpoint(hostname.split('%', 1)[0] as string, port)}`;
