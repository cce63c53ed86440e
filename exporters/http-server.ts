import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Alert } from '../agent/model/alert.ts';
import type { Assessment } from '../agent/model/assessment.ts';
import { EventStream, type News } from './event-stream.ts';
import { isAllowedHost, isSameOrigin } from './http-guard.ts';
import { type ListenAddress, listen } from './http-listen.ts';
import { type Asset, PAGE_POLICY, readAssets } from './page/assets.ts';
import { streamed } from './page/streamed.ts';
import type { MetricsFormat } from './prometheus.ts';

export interface HttpServerOptions {
  readonly render: (format: MetricsFormat) => Promise<{ contentType: string; body: string }>;
  /** Age of the last good tick in ms, and how old it may be; null before the first. */
  readonly lastTick: () => { ageMs: number; limitMs: number } | null;
  /** Names under which a browser or Prometheus may ask, beside IP addresses and localhost. */
  readonly allowedHosts: () => readonly string[];
  readonly onError: (what: string, error: unknown) => void;
  /** In ms, on a clock that no one sets. */
  readonly monotonic: () => number;
}

/** A scrape sends a few hundred bytes of headers and no body; all else is a mistake or an attack. */
const LARGEST_HEADERS = 16 * 1024;
const LONGEST_URL = 1024;
const MOST_CONNECTIONS = 128;
const SLOWEST_REQUEST_MS = 10_000;
/** Above the usual scrape interval of 15 s, so that a scraper keeps its connection. */
const KEEP_ALIVE_MS = 65_000;
const GZIP_FROM_BYTES = 1024;
/** A page of metrics serves all who ask until the next look, and so long at most: what it says of this process is no look's. */
const PAGE_MS = 1000;

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const line = (status: number, body: string): Answer => ({ status, body: `${body}\n` });

/**
 * Serves what the last tick found: /metrics, /healthz, /readyz, /api/assessment, /api/alerts, and at / a page that shows
 * it, which is kept up to date by /api/stream.
 */
export class HttpServer {
  readonly name = 'http';
  private assessment: Assessment | null = null;
  private text: string | null = null;
  private readonly pages = new Map<MetricsFormat, { readonly at: number; readonly answer: Promise<Answer> }>();
  private alerts: readonly Alert[] = [];
  private readonly stream: EventStream;
  private assets: ReadonlyMap<string, Asset> | null = null;
  private unix = false;
  private readonly server: Server;
  private readonly options: HttpServerOptions;

  constructor(options: HttpServerOptions) {
    this.options = options;
    this.stream = new EventStream(options.monotonic);
    this.server = createServer(
      {
        maxHeaderSize: LARGEST_HEADERS,
        headersTimeout: SLOWEST_REQUEST_MS,
        requestTimeout: SLOWEST_REQUEST_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 5000,
      },
      (request, response) => void this.handle(request, response),
    );
    this.server.maxConnections = MOST_CONNECTIONS;
    // A client that takes nothing for this long is cut off, whatever it waits for.
    this.server.timeout = KEEP_ALIVE_MS;
    this.server.on('clientError', (_, socket) => {
      // Destroyed as soon as that is out: half closed it would keep one of the places for connections.
      if (socket.writable) {
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n', () => socket.destroy());
      } else {
        socket.destroy();
      }
    });
  }

  /** Rejects with one clear line where it cannot listen. Returns the port it got; 0 for a Unix socket. */
  async listen(address: ListenAddress): Promise<number> {
    this.unix = address.kind === 'unix';
    return listen(this.server, address);
  }

  publish(assessment: Assessment): void {
    this.assessment = assessment;
    this.text = null;
    this.pages.clear();
    if (this.stream.size > 0) this.stream.send(this.look(assessment));
  }

  noteAlerts(firing: readonly Alert[], isNews: boolean): void {
    this.alerts = firing;
    if (isNews && this.stream.size > 0) this.stream.send(this.alertNews());
  }

  private look(assessment: Assessment): News {
    return { name: 'assessment', json: JSON.stringify(streamed(assessment)) };
  }

  private alertNews(): News {
    return { name: 'alerts', json: JSON.stringify(this.alerts) };
  }

  /** Stops listening, ends idle connections, and after `graceMs` those too whose answer or request is not complete. */
  close(graceMs = 1000): Promise<void> {
    return new Promise((resolve) => {
      const impatience = setTimeout(() => this.server.closeAllConnections(), graceMs);
      this.server.close(() => {
        clearTimeout(impatience);
        resolve();
      });
      this.stream.close();
      this.server.closeIdleConnections();
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const refusal = this.refusal(request);
      if (refusal === null && pathOf(request) === '/api/stream' && !this.stream.isFull) {
        const { assessment } = this;
        const first = [this.alertNews(), ...(assessment === null ? [] : [this.look(assessment)])];
        this.stream.open(request, response, HEADERS, first);
        return;
      }
      await send(request, response, refusal ?? (await this.answer(request)));
    } catch (error) {
      this.options.onError(`answering ${request.method} failed`, error);
      response.destroy();
    }
  }

  private refusal(request: IncomingMessage): Answer | null {
    const { host, origin } = request.headers;
    if (!this.unix && !isAllowedHost(host, this.options.allowedHosts())) {
      return line(421, 'This host name is not known here; start lastport with --allowed-host NAME to allow it');
    }
    if (!isSameOrigin(origin, host)) return line(403, 'Pages of other origins may not read this');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...line(405, 'GET and HEAD only'), headers: { allow: 'GET, HEAD' } };
    }
    if ((request.url ?? '').length > LONGEST_URL) return line(414, 'Too long');
    const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
    return hasBody ? { ...line(413, 'No body, please'), headers: { connection: 'close' } } : null;
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const path = pathOf(request);
    switch (path) {
      case '/metrics':
        return this.metrics(request);
      case '/healthz':
        return this.health();
      case '/readyz':
        return this.assessment === null ? line(503, 'no look has been taken yet') : line(200, 'ready');
      case '/api/assessment':
        return this.json();
      case '/api/alerts':
        return { status: 200, type: 'application/json', body: `${JSON.stringify(this.alerts)}\n` };
      case '/api/stream':
        return line(503, 'Too many watch already');
      default:
        return this.page(path);
    }
  }

  /** However many ask: to make it takes milliseconds, and of one that is not read there is but one copy. */
  private metrics(request: IncomingMessage): Promise<Answer> {
    const format = accepts(request.headers.accept, 'application/openmetrics-text') ? 'openmetrics' : 'text';
    const known = this.pages.get(format);
    const now = this.options.monotonic();
    if (known !== undefined && now - known.at < PAGE_MS) return known.answer;
    const answer = this.options
      .render(format)
      .then(({ contentType, body }): Answer => ({ status: 200, type: contentType, body }));
    this.pages.set(format, { at: now, answer });
    answer.catch(() => this.pages.delete(format));
    return answer;
  }

  private async page(path: string): Promise<Answer> {
    if (path !== '/' && !path.startsWith('/page/')) return line(404, 'Nothing here; try /');
    this.assets ??= await readAssets();
    const asset = this.assets.get(path);
    if (asset === undefined) return line(404, 'Nothing here; try /');
    return { status: 200, ...asset, headers: { 'content-security-policy': PAGE_POLICY } };
  }

  /** Made once a tick at most, and only if somebody asks. */
  private json(): Answer {
    if (this.assessment === null) return line(503, 'no look has been taken yet');
    this.text ??= `${JSON.stringify(this.assessment)}\n`;
    return { status: 200, type: 'application/json', body: this.text };
  }

  private health(): Answer {
    const last = this.options.lastTick();
    if (last === null) return line(503, 'no look has been taken yet');
    const age = `the last look was taken ${(last.ageMs / 1000).toFixed(1)} s ago`;
    return last.ageMs <= last.limitMs ? line(200, `ok, ${age}`) : line(503, `stuck, ${age}`);
  }
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] as string;

const compress = promisify(gzip);

/** Whether a header of RFC 9110, 12.5 names this and does not refuse it with q=0. */
function accepts(header: string | string[] | undefined, wanted: string): boolean {
  return String(header ?? '')
    .split(',')
    .map((item) => item.split(';').map((part) => part.trim().toLowerCase()))
    .some(([name, ...parameters]) => name === wanted && !parameters.some((one) => /^q=0(\.0*)?$/.test(one)));
}

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const zipped = answer.body.length >= GZIP_FROM_BYTES && accepts(request.headers['accept-encoding'], 'gzip');
  const body = zipped ? await compress(answer.body) : answer.body;
  response.writeHead(answer.status, {
    ...HEADERS,
    ...answer.headers,
    ...(zipped ? { 'content-encoding': 'gzip', vary: 'accept-encoding' } : {}),
    'content-type': answer.type ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
