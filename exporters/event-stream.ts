import type { IncomingMessage, ServerResponse } from 'node:http';

/** Everybody in a team may watch; more would be a mistake, and scrapers need places too. */
const MOST_WATCHERS = 64;
/** Who takes nothing for so long has gone to sleep, or is an attack. */
const PATIENCE_MS = 10_000;
/** What a browser waits before it comes back, in ms. */
const RETRY_MS = 1000;

/** News of one kind: the newest takes the place of those before. */
export interface News {
  readonly name: string;
  /** Without a line's end. */
  readonly json: string;
}

/** In the form of the HTML standard (9.2.5 Parsing an event stream). */
const eventText = ({ name, json }: News): string => `event: ${name}\ndata: ${json}\n\n`;

interface Watcher {
  readonly response: ServerResponse;
  /** Since when it has not taken what was sent, in ms; null: it takes everything. */
  stuckSince: number | null;
  /** What it is to get when it has, the newest of each kind. */
  readonly waiting: Map<string, News>;
}

/**
 * Server-sent events for everybody who watches. Nobody waits for anybody: who is slow misses what is old by then, so that
 * no more than the newest is kept for each, and who stands still is hung up on.
 */
export class EventStream {
  private readonly watchers = new Set<Watcher>();
  private readonly monotonic: () => number;

  /** `monotonic` in ms. */
  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
  }

  get size(): number {
    return this.watchers.size;
  }

  get isFull(): boolean {
    return this.watchers.size >= MOST_WATCHERS;
  }

  /** Answers with a stream that begins with `first`. */
  open(
    request: IncomingMessage,
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    first: readonly News[],
  ): void {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const watcher: Watcher = { response, stuckSince: null, waiting: new Map() };
    this.watchers.add(watcher);
    response.on('close', () => this.watchers.delete(watcher));
    response.on('error', () => response.destroy());
    response.on('drain', () => {
      watcher.stuckSince = null;
      if (watcher.waiting.size > 0) response.write([...watcher.waiting.values()].map(eventText).join(''));
      watcher.waiting.clear();
    });
    response.write(`retry: ${RETRY_MS}\n\n${first.map(eventText).join('')}`);
  }

  send(news: News): void {
    const text = eventText(news);
    for (const { response, waiting } of this.watchers) {
      if (response.writableNeedDrain) waiting.set(news.name, news);
      else response.write(text);
    }
    this.hangUp();
  }

  /** Ends all of them; browsers come back. */
  close(): void {
    for (const { response } of this.watchers) response.end();
  }

  /** On those who have taken nothing for long. */
  private hangUp(): void {
    const now = this.monotonic();
    for (const watcher of this.watchers) {
      if (!watcher.response.writableNeedDrain) continue;
      watcher.stuckSince ??= now;
      if (now - watcher.stuckSince > PATIENCE_MS) watcher.response.destroy();
    }
  }
}
