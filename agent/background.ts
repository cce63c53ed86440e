import type { Config } from './config/config.ts';
import type { AskedDestination } from './correlate/asked.ts';
import type { HostInventory } from './model/assessment.ts';
import type { Gap } from './model/gap.ts';

export interface BackgroundParts {
  readonly inventory: (signal: AbortSignal) => Promise<HostInventory>;
  readonly route: (to: Config['to']) => Promise<{ asked: readonly AskedDestination[]; gaps: readonly Gap[] }>;
  /** Aborts when the daemon is to end. */
  readonly signal: AbortSignal;
}

/** Names move; --to is resolved again this often. */
const ROUTE_EVERY_MS = 60_000;

/** What is found out beside the tick: the inventory once, the routes of --to now and then. */
export class Background {
  found: { inventory: HostInventory | null; asked: readonly AskedDestination[]; gaps: readonly Gap[] } = {
    inventory: null,
    asked: [],
    gaps: [],
  };
  /** Called when there is something new. */
  onFound: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  private inventoryGap: readonly Gap[] = [];
  private routeGaps: readonly Gap[] = [];
  private readonly parts: BackgroundParts;
  private readonly onError: (what: string, error: unknown) => void;

  constructor(parts: BackgroundParts, onError: (what: string, error: unknown) => void) {
    this.parts = parts;
    this.onError = onError;
    parts.inventory(parts.signal).then(
      (inventory) => {
        this.found = { ...this.found, inventory };
        this.onFound();
      },
      (error: unknown) => {
        if (parts.signal.aborted) return;
        const why = (error as Error).message;
        this.inventoryGap = [{ source: 'system', what: 'inventory of the host', why, costs: 'lastport_host_info' }];
        this.update();
      },
    );
  }

  /** Resolves `to` now and from time to time. */
  async start(to: Config['to']): Promise<void> {
    this.stop();
    if (to.length === 0) {
      this.found = { ...this.found, asked: [] };
      this.routeGaps = [];
      this.update();
      return;
    }
    const resolve = () => void this.resolve(to);
    this.timer = setInterval(resolve, ROUTE_EVERY_MS);
    await this.resolve(to);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async resolve(to: Config['to']): Promise<void> {
    try {
      const { asked, gaps } = await this.parts.route(to);
      this.found = { ...this.found, asked };
      this.routeGaps = gaps;
    } catch (error) {
      const why = (error as Error).message;
      this.routeGaps = [
        { source: 'route', what: 'destinations asked for', why, costs: 'those no socket uses are missing' },
      ];
      this.onError('destinations asked for were not resolved', error);
    }
    this.update();
  }

  private update(): void {
    this.found = { ...this.found, gaps: [...this.inventoryGap, ...this.routeGaps] };
    this.onFound();
  }
}
