import type { Gap } from '../model/gap.ts';

/** A single look may take so long to ask. */
const ONCE_MS = 500;
/** While looking all the time: of a core, and what that may add up to. */
const SHARE = 0.005;
const MOST_MS = 20;
/** Less is not worth correlating anew for; it adds up. */
const LEAST_MS = 3;

/** How long the kernel may be asked about ports: it is the only one of our questions whose number has no natural end. */
export class AskBudget {
  private leftMs = MOST_MS;
  private toppedUpAt: number | null = null;
  /** Whether this is a single look, in which what was not asked will not be asked later. */
  private isOnce = false;
  private readonly monotonic: () => number;

  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
  }

  once(): void {
    this.isOnce = true;
    this.leftMs = ONCE_MS;
  }

  topUp(): void {
    const now = this.monotonic();
    const since = this.toppedUpAt === null ? 0 : now - this.toppedUpAt;
    this.toppedUpAt = now;
    this.leftMs = Math.min(MOST_MS, this.leftMs + since * SHARE);
  }

  /** Whether it is worth while to ask now. In a single look always: that there was no time for it must be said. */
  get isWorthwhile(): boolean {
    return this.isOnce || this.leftMs >= LEAST_MS;
  }

  /** Asks for as long as the budget lasts. What the kernel refuses to answer is a Gap. */
  spend(ask: (isLate: () => boolean) => { readonly answered: number; readonly complete: boolean }): {
    gap: Gap | null;
    tookMs: number;
  } {
    const start = this.monotonic();
    let gap: Gap | null = null;
    try {
      const { complete } = ask(() => this.monotonic() - start >= this.leftMs);
      if (!complete && this.isOnce) gap = askGap(`not all of them could be asked about in ${ONCE_MS} ms`);
    } catch (error) {
      gap = askGap((error as Error).message);
    }
    const tookMs = this.monotonic() - start;
    this.leftMs -= tookMs;
    return { gap, tookMs };
  }
}

function askGap(why: string): Gap {
  return {
    source: 'port-ask',
    what: 'which ports in use bind() has chosen',
    why,
    costs: 'those that it may have chosen are counted as blocked in headroomPortsLow, as free in headroomPorts',
  };
}
