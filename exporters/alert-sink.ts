import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Client } from 'undici';
import { type Alert, alertKey } from '../agent/model/alert.ts';
import { type PortRange, SpareConnection } from './alert-connect.ts';

export const DELIVERY_RESULTS = ['ok', 'failed', 'rejected', 'dropped'] as const;
export type DeliveryResult = (typeof DELIVERY_RESULTS)[number];

/** Where alerts go, and in which words. */
export interface AlertReceiver {
  readonly kind: 'alertmanager' | 'webhook';
  readonly url: URL;
  /** One or more request bodies for these alerts. `now` in ms since the epoch. */
  readonly bodies: (alerts: readonly Alert[], now: number) => readonly string[];
  /** What fires is said again after so many ms. */
  readonly repeatMs: number;
  /** Whether it forgets when it is restarted, so that a connection that ends is a reason to say it again. */
  readonly isForgetful: boolean;
}

export interface AlertSinkOptions {
  readonly receiver: AlertReceiver;
  readonly range: () => PortRange;
  readonly ca: string | null;
  /** The value of the Authorization header, asked for before every request, for it may be replaced; null: none. */
  readonly authorization: () => string | null;
  readonly now: () => number;
  readonly onResult: (result: DeliveryResult, why: string | null) => void;
}

/** Alerts that wait to be delivered, at most; of each only its newest state. */
const MOST_PENDING = 1000;
/** In one request. */
const MOST_AT_ONCE = 100;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;
/** For an answer. */
const TIMEOUT_MS = 5000;
/** When there is none after so long, it is asked whether the name has moved to another address. */
const SUSPICIOUS_MS = 500;
const LONGEST_ANSWER = 64 * 1024;
/** At the end of the program, for what is under way. */
const PATIENCE_MS = 1000;
/** What is no use to say again the same way. */
const isFinal = (status: number): boolean =>
  status >= 400 && status < 500 && ![401, 403, 404, 408, 425, 429].includes(status);

/**
 * Delivers alerts to one receiver over a connection that is kept open, and nobody else waits for it: what fails is
 * tried again, later and later, while newer states of an alert take the place of older ones.
 */
export class AlertSink {
  readonly name: string;
  private readonly pending = new Map<string, Alert>();
  private readonly said = new Map<string, number>();
  private readonly options: AlertSinkOptions;
  private readonly spare: SpareConnection;
  private readonly client: Client;
  private sending: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = FIRST_RETRY_MS;
  private firing: readonly Alert[] = [];
  private isClosed = false;
  private address: string | undefined;

  constructor(options: AlertSinkOptions) {
    const { receiver, range, ca } = options;
    const { url } = receiver;
    this.options = options;
    // Neither path nor credentials: a webhook's path is its password.
    this.name = `${receiver.kind} ${url.host}`;
    this.spare = new SpareConnection(url, { range, ca });
    this.client = new Client(url.origin, {
      connect: (options, callback) =>
        this.spare.connector(options, ((error: Error | null, socket: never) => {
          this.address = (socket as { remoteAddress?: string } | null)?.remoteAddress;
          (callback as (error: Error | null, socket: never) => void)(error, socket);
        }) as never),
      pipelining: 1,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      keepAliveTimeout: 10 * 60_000,
      keepAliveMaxTimeout: 10 * 60_000,
    });
    // Whoever has been restarted knows nothing any more.
    this.client.on('disconnect', () => {
      this.spare.warm();
      if (receiver.isForgetful && !this.isClosed) this.enqueue(this.firing);
    });
    this.spare.warm();
  }

  /** `changed` at once, and what fires when it is time to say it again. */
  publish(changed: readonly Alert[], firing: readonly Alert[]): void {
    const now = this.options.now();
    this.firing = firing;
    const keys = new Set(firing.map(({ labels }) => alertKey(labels)));
    for (const key of this.said.keys()) if (!keys.has(key)) this.said.delete(key);
    const due = firing.filter(({ labels }) => {
      const said = this.said.get(alertKey(labels));
      // A clock that was set back must not silence it.
      return said !== undefined && (now - said >= this.options.receiver.repeatMs || now < said);
    });
    this.enqueue([...due, ...changed]);
  }

  /** Waits a moment for what is under way; says nothing of its own accord: what fires goes on when we do not. */
  async close(): Promise<void> {
    const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
    if (this.pending.size > 0 && this.timer !== undefined) this.flush();
    if (this.sending !== null) await Promise.race([this.sending, patience]);
    this.isClosed = true;
    clearTimeout(this.timer);
    this.spare.close();
    await this.client.destroy();
  }

  private enqueue(alerts: readonly Alert[]): void {
    if (alerts.length === 0 || this.isClosed) return;
    for (const alert of alerts) {
      const key = alertKey(alert.labels);
      this.pending.delete(key);
      this.pending.set(key, alert);
      if (alert.endsAt === null) this.said.set(key, this.options.now());
    }
    while (this.pending.size > MOST_PENDING) {
      const [oldest] = this.pending.keys();
      this.pending.delete(oldest as string);
      this.options.onResult('dropped', 'too many alerts wait');
    }
    // News do not wait for the next try.
    if (alerts.some(({ startsAt }) => this.options.now() - startsAt < 1000)) this.flush();
    else if (this.timer === undefined) this.flush();
  }

  private flush(): void {
    if (this.sending !== null || this.isClosed) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending = this.send().finally(() => {
      this.sending = null;
      if (this.pending.size > 0 && this.timer === undefined && !this.isClosed) this.flush();
    });
  }

  private async send(): Promise<void> {
    const batch = [...this.pending].slice(0, MOST_AT_ONCE);
    const alerts = batch.map(([, alert]) => alert);
    const done = () => {
      for (const [key, alert] of batch) if (this.pending.get(key) === alert) this.pending.delete(key);
      this.retryMs = FIRST_RETRY_MS;
    };
    try {
      for (const body of this.options.receiver.bodies(alerts, this.options.now())) await this.post(body);
      done();
      this.options.onResult('ok', null);
      this.spare.warm();
    } catch (error) {
      const why = (error as Error).message;
      if (error instanceof Rejected) {
        done();
        this.options.onResult('rejected', why);
        return;
      }
      this.options.onResult('failed', why);
      this.spare.discard();
      const pause = this.retryMs * (0.5 + Math.random() / 2);
      this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
      if (this.isClosed) return;
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.flush();
      }, pause);
    }
  }

  private async post(body: string): Promise<void> {
    const { url } = this.options.receiver;
    const moved = new AbortController();
    const suspicion = setTimeout(() => void this.suspect(moved), SUSPICIOUS_MS);
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const { statusCode, body: answer } = await this.client.request({
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        headers: { 'content-type': 'application/json', 'user-agent': 'lastport', ...this.authorization() },
        body,
        signal: AbortSignal.any([moved.signal, deadline]),
      });
      await answer.dump({ limit: LONGEST_ANSWER });
      if (statusCode >= 200 && statusCode < 300) return;
      if (isFinal(statusCode)) throw new Rejected(`${this.name} answered ${statusCode}`);
      throw new Error(`${this.name} answered ${statusCode}${statusCode < 400 ? ': redirects are not followed' : ''}`);
    } finally {
      clearTimeout(suspicion);
    }
  }

  /** No answer yet: if the name has another address by now, nobody may be at the old one. */
  private async suspect(moved: AbortController): Promise<void> {
    const { hostname } = this.options.receiver.url;
    const { address } = this;
    if (address === undefined || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0) return;
    try {
      const addresses = await lookup(hostname, { all: true });
      if (!addresses.some((one) => one.address === address)) moved.abort(new Error(`${hostname} has moved`));
    } catch {
      // A name server that is silent says nothing of the connection there is.
    }
  }

  private authorization(): Record<string, string> {
    const { authorization, receiver } = this.options;
    const given = authorization();
    if (given !== null) return { authorization: given };
    const { username, password } = receiver.url;
    if (username === '') return {};
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  }
}

/** The receiver has understood it and does not want it. */
class Rejected extends Error {}
