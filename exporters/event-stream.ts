import type { IncomingMessage, ServerResponse } from 'node:http';

/** Everybody in a team may watch; more would be a mistake, and scrapers need places too. */
const MOST_WATCHERS = 64;
/** Who takes nothing for so long has gone to sleep, or is an attack. */
const PATIENCE_MS = 10_000;
/** What a browser waits before it comes back, in ms. */
const RETRY_MS = 1000;

/** A piece of news, in the form of the HTML standard (9.2.5 Parsing an event stream). `json`: without a line's end. */
export function eventText(name: string, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`;
}

interface Watcher {
  readonly response: ServerResponse;
  /** Since when it has not taken what was sent, in ms; null: it takes everything. */
  stuckSince: number | null;
}

/**
 * Server-sent events for everybody who watches. Nobody waits for anybody: who is slow misses what is old by then, so that
 * no more than one piece of news is kept for each, and who stands still is hung up on.
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
  open(request: IncomingMessage, response: ServerResponse, headers: Readonly<Record<string, string>>, first: string): void {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const watcher: Watcher = { response, stuckSince: null };
    this.watchers.add(watcher);
    response.on('close', () => this.watchers.delete(watcher));
    response.on('error', () => response.destroy());
    this.give(watcher, `retry: ${RETRY_MS}\n\n${first}`);
  }

  send(text: string): void {
    for (const watcher of this.watchers) this.give(watcher, text);
  }

  /** Ends all of them; browsers come back. */
  close(): void {
    for (const { response } of this.watchers) response.end();
  }

  private give(watcher: Watcher, text: string): void {
    const { response } = watcher;
    if (response.writableNeedDrain) {
      watcher.stuckSince ??= this.monotonic();
      if (this.monotonic() - watcher.stuckSince > PATIENCE_MS) response.destroy();
      return;
    }
    watcher.stuckSince = null;
    response.write(text);
  }
}
