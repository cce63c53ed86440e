import type { WebSettings } from './settings.ts';

/** A token bucket: whether another request may be answered now. `monotonic` in ms. */
export class RateLimit {
  private limit: WebSettings['rateLimit'] = null;
  private tokens = 0;
  private filledAt = 0;
  private readonly monotonic: () => number;

  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
  }

  allows(limit: WebSettings['rateLimit']): boolean {
    if (limit === null) return true;
    const now = this.monotonic();
    if (limit !== this.limit) {
      this.limit = limit;
      this.tokens = limit.burst;
    } else this.tokens = Math.min(limit.burst, this.tokens + (now - this.filledAt) / limit.intervalMs);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
