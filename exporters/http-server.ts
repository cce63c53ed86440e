import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Alert } from '../agent/model/alert.ts';
import type { Assessment } from '../agent/model/assessment.ts';
import { EventStream, type News } from './event-stream.ts';
import { type Answer, Answers, accepts, HEADERS, line, whenOver } from './http-answer.ts';
import { refusal, targetOf } from './http-guard.ts';
import { type ListenAddress, listen } from './http-listen.ts';
import { MetricsPages } from './metrics-pages.ts';
import { type Asset, PAGE_POLICY, readAssets } from './page/assets.ts';
import { streamed } from './page/streamed.ts';
import type { MetricsFormat } from './prometheus.ts';
import { listenUnix, type UnixPlace } from './unix-socket.ts';
import { Access } from './web/access.ts';
import { Door } from './web/door.ts';
import { MOST_CONNECTIONS, Places } from './web/places.ts';
import type { Refusal } from './web/refusals.ts';
import type { WebSettings } from './web/settings.ts';

export interface HttpServerOptions {
  readonly render: (format: MetricsFormat) => Promise<{ contentType: string; body: string }>;
  /** Age of the last good tick in ms, and how old it may be; null before the first. */
  readonly lastTick: () => { ageMs: number; limitMs: number } | null;
  /** Names under which a browser or Prometheus may ask, beside IP addresses and localhost. */
  readonly allowedHosts: () => readonly string[];
  /** Who may read, as it is now: asked for each connection and each request. Whether there is TLS never changes. */
  readonly web?: () => WebSettings;
  readonly patience?: Patience;
  /** Somebody was refused, or hung up on. */
  readonly onRefused?: (why: Refusal) => void;
  readonly onError: (what: string, error: unknown) => void;
  /** In ms, on a clock that no one sets. */
  readonly monotonic: () => number;
}

/** How long is waited for whoever is slow, in ms. */
export interface Patience {
  /** For the handshake, and for a request from its first byte to its last. */
  readonly requestMs: number;
  /** From the request to the last byte of its answer. */
  readonly answerMs: number;
}
const PATIENCE: Patience = { requestMs: 10_000, answerMs: 30_000 };
/** Of programs of this host, by the Unix socket that is theirs alone. */
const MOST_LOCAL_CONNECTIONS = 32;
const EVERYBODY: WebSettings = { tls: null, users: new Map(), headers: {}, rateLimit: null };

/**
 * Serves what the last tick found: /metrics, /healthz, /readyz, /api/assessment, /api/alerts, and at / a page that shows
 * it, which is kept up to date by /api/stream.
 */
export class HttpServer {
  readonly name = 'http';
  private assessment: Assessment | null = null;
  private text: string | null = null;
  private readonly pages: MetricsPages;
  private alerts: readonly Alert[] = [];
  private readonly stream: EventStream;
  private assets: ReadonlyMap<string, Asset> | null = null;
  private readonly answers = new Answers(() => this.onRefused('busy'));
  private readonly access: Access;
  private readonly places: Places;
  private readonly door: Door;
  private local: { readonly door: Door; readonly release: () => void } | null = null;
  private unix = false;
  private settings: WebSettings;
  private readonly patience: Patience;
  private readonly options: HttpServerOptions;

  constructor(options: HttpServerOptions) {
    this.options = options;
    this.stream = new EventStream(options.monotonic);
    this.pages = new MetricsPages(options.render, options.monotonic);
    this.access = new Access(options.monotonic);
    this.places = new Places(options.monotonic, () => this.onRefused('room'));
    this.settings = options.web?.() ?? EVERYBODY;
    this.patience = options.patience ?? PATIENCE;
    this.door = new Door({
      tls: this.settings.tls,
      // Of those that have to go some are not gone yet.
      mostConnections: 2 * MOST_CONNECTIONS,
      requestMs: this.patience.requestMs,
      onConnection: (socket) => {
        this.renew();
        this.places.enter(socket);
      },
      onRequest: (request, response) => void this.handle(request, response, false),
      onRefused: (why) => this.onRefused(why),
    });
  }

  /** Rejects with one clear line where it cannot listen. Returns the port it got; 0 for a Unix socket. */
  async listen(address: ListenAddress): Promise<number> {
    this.unix = address.kind === 'unix';
    return listen(this.door.server, address);
  }

  /** Serves the programs of this host that may open this socket too, whatever others have to show. */
  async listenLocally(place: UnixPlace): Promise<void> {
    const door = new Door({
      tls: null,
      mostConnections: MOST_LOCAL_CONNECTIONS,
      requestMs: this.patience.requestMs,
      onConnection: () => undefined,
      onRequest: (request, response) => void this.handle(request, response, true),
      onRefused: (why) => this.onRefused(why),
    });
    const release = await listenUnix(door.server, place);
    this.local = { door, release };
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
  async close(graceMs = 1000): Promise<void> {
    const doors = [this.door, ...(this.local === null ? [] : [this.local.door])];
    const closing = doors.map((door) => door.close(graceMs));
    this.local?.release();
    this.stream.close();
    for (const { server } of doors) server.closeIdleConnections();
    await Promise.all([...closing, this.access.close()]);
  }

  /** What has changed of who may read holds at once, for those too who read already. */
  private renew(): void {
    const settings = this.options.web?.() ?? EVERYBODY;
    if (settings === this.settings) return;
    this.settings = settings;
    this.stream.close();
    this.door.renew(settings.tls);
  }

  private async handle(request: IncomingMessage, response: ServerResponse, isLocal: boolean): Promise<void> {
    const { socket } = request;
    if (socket.destroyed) return;
    if (!this.places.begin(socket)) {
      socket.destroy();
      return;
    }
    const patience = setTimeout(() => {
      this.onRefused('slow');
      response.destroy();
    }, this.patience.answerMs);
    patience.unref();
    whenOver(request, response, () => {
      clearTimeout(patience);
      this.places.end(socket);
      this.answers.forget(response);
    });
    try {
      if (!isLocal) this.renew();
      const { settings } = this;
      const headers = isLocal ? {} : settings.headers;
      if (!isLocal && this.door.isOutdated(socket)) response.setHeader('connection', 'close');
      const isUnix = isLocal || this.unix;
      const refused =
        refusal(request, isUnix ? null : this.options.allowedHosts()) ??
        (isLocal ? null : await this.stranger(request));
      if (refused === null && targetOf(request).path === '/api/stream' && !this.stream.isFull) {
        clearTimeout(patience);
        const { assessment } = this;
        const first = [this.alertNews(), ...(assessment === null ? [] : [this.look(assessment)])];
        this.stream.open(request, response, { ...HEADERS, ...headers }, first);
        return;
      }
      await this.answers.send(request, response, refused ?? (await this.answer(request)), headers);
    } catch (error) {
      this.options.onError(`answering ${request.method} failed`, error);
      response.destroy();
    }
  }

  /** What is told to who may not read. */
  private async stranger(request: IncomingMessage): Promise<Answer | null> {
    const refused = await this.access.refusal(request, this.settings);
    if (refused !== null) this.onRefused(refused.why);
    return refused;
  }

  private onRefused(why: Refusal): void {
    this.options.onRefused?.(why);
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const { path } = targetOf(request);
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

  private metrics(request: IncomingMessage): Promise<Answer> {
    const wantsOpenMetrics = accepts(request.headers.accept, 'application/openmetrics-text');
    return this.pages.get(wantsOpenMetrics ? 'openmetrics' : 'text');
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
