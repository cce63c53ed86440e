import type { Alert } from '../agent/model/alert.ts';
import type { PortRange } from './alert-connect.ts';
import { AlertPost, Unreachable } from './alert-post.ts';
import { AlertQueue } from './alert-queue.ts';
import type { AlertMessage, AlertReceiver } from './alert-receiver.ts';
import { BackOff, FIRST_PAUSE_MS } from './back-off.ts';
import type { NameLookup } from './name-lookup.ts';

/** failed: it is tried again. rejected: the receiver does not want it. dropped: too many waited. */
export const DELIVERY_RESULTS = ['ok', 'failed', 'rejected', 'dropped'] as const;
export type DeliveryResult = (typeof DELIVERY_RESULTS)[number];

export interface AlertSinkOptions {
  readonly receiver: AlertReceiver;
  /** What logs and metrics call it. */
  readonly name: string;
  readonly range: () => PortRange;
  /** Certificates to trust instead of the system's, in PEM; null: the system's. */
  readonly ca: string | null;
  /** The value of the Authorization header, asked for before every request, for it may be replaced; null: none. */
  readonly authorization: () => string | null;
  readonly lookup: NameLookup;
  /** In ms since the epoch. */
  readonly now: () => number;
  /** In ms, on a clock that no one sets. */
  readonly monotonic: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** What came of one request; `why` is null where it went well, and free of secrets. */
  readonly onResult: (result: DeliveryResult, why: string | null) => void;
}

/** In one request. */
const MOST_AT_ONCE = 100;
/** At the end of the program, for what is under way. */
const PATIENCE_MS = 1000;
const LONGEST_REASON = 200;
/** Client errors that may pass: credentials are being replaced, a route is not there yet, too much at once. */
const PASSING = new Set([401, 403, 404, 408, 425, 429]);

/**
 * Delivers alerts to one receiver, and nobody waits for it: what fails is tried again, later and later, while newer
 * states of an alert take the place of older ones.
 */
export class AlertSink {
  readonly name: string;
  private readonly options: AlertSinkOptions;
  private readonly queue = new AlertQueue();
  private readonly backOff: BackOff;
  private readonly post: AlertPost;
  private firing: readonly Alert[] = [];
  private sending: Promise<void> | null = null;
  /** The next try. */
  private timer: NodeJS.Timeout | undefined;
  private failedAt = Number.NEGATIVE_INFINITY;
  private isEnding = false;

  constructor(options: AlertSinkOptions) {
    const { receiver, name, range, ca, lookup, random } = options;
    this.options = options;
    this.name = name;
    this.backOff = new BackOff(random);
    const onLost = () => {
      if (receiver.isForgetful) this.queue.doubt(options.monotonic());
    };
    this.post = new AlertPost({ url: receiver.url, range, ca, lookup, onLost });
  }

  /** `changed` and `learned` at once, and what fires when it is time to say it again. */
  publish(changed: readonly Alert[], firing: readonly Alert[], learned: readonly Alert[] = []): void {
    if (this.isEnding) return;
    const { monotonic, receiver, onResult } = this.options;
    const at = monotonic();
    this.firing = firing;
    const news = [...learned, ...changed];
    const dropped = this.queue.add([...this.queue.due(firing, at, receiver.repeatMs), ...news], at);
    for (let count = 0; count < dropped; count++) onResult('dropped', 'too many alerts wait');
    // News does not wait for the next try; but who has just failed is not asked at every tick.
    if (news.length > 0 && this.timer !== undefined) this.startIn(this.failedAt + FIRST_PAUSE_MS - at);
    else if (this.timer === undefined) this.start();
  }

  /** Waits a moment for what is under way; says nothing of its own accord: what fires goes on when we do not. */
  async close(): Promise<void> {
    this.isEnding = true;
    let patience: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, PATIENCE_MS);
    });
    this.start();
    if (this.sending !== null) await Promise.race([this.sending, late]);
    clearTimeout(patience);
    await this.post.close();
  }

  private startIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), Math.max(0, ms));
  }

  private start(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.sending !== null || this.queue.size === 0) return;
    this.sending = this.deliver().then((pause) => {
      this.sending = null;
      if (pause === null) this.start();
      else if (!this.isEnding) this.startIn(pause);
    });
  }

  /** All that waits, until there is nothing or something fails; then resolves to the ms to wait. */
  private async deliver(): Promise<number | null> {
    while (this.queue.size > 0) {
      const { receiver, now } = this.options;
      for (const message of receiver.messages(this.queue.next(MOST_AT_ONCE), this.firing, now())) {
        const pause = await this.deliverOne(message);
        if (pause !== null) return pause;
      }
    }
    return null;
  }

  private async deliverOne({ alerts, body }: AlertMessage): Promise<number | null> {
    const { onResult, monotonic } = this.options;
    try {
      const status = await this.post.post(body, this.headers());
      const isTaken = status >= 200 && status < 300;
      const isRejected = status >= 400 && status < 500 && !PASSING.has(status);
      if (!isTaken && !isRejected)
        throw new Error(`it answered ${status}${status < 400 ? ': redirects are not followed' : ''}`);
      this.queue.settle(alerts);
      this.backOff.reset();
      onResult(isTaken ? 'ok' : 'rejected', isTaken ? null : `it answered ${status}`);
      return null;
    } catch (error) {
      this.failedAt = monotonic();
      onResult('failed', (error as Error).message.replace(/\p{Cc}/gu, ' ').slice(0, LONGEST_REASON));
      return this.backOff.next(error instanceof Unreachable);
    }
  }

  private headers(): Record<string, string> {
    const { authorization, receiver } = this.options;
    const headers = { 'content-type': 'application/json', 'user-agent': 'lastport' };
    const given = authorization();
    if (given !== null) return { ...headers, authorization: given };
    const { username, password } = receiver.url;
    if (username === '' && password === '') return headers;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { ...headers, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  }
}
