import type { DeliveryResult } from './alert-sink.ts';
import type { Logger } from './log.ts';

/** A receiver that goes on failing in the same way is news again after so long. */
const AGAIN_MS = 10 * 60_000;

interface Trouble {
  readonly why: string;
  saidAt: number;
  /** Since it was said. */
  times: number;
}

/** Lines about receivers of alerts that do not take them, and about their taking them again; few, however long it lasts. */
export class DeliveryLog {
  private readonly troubles = new Map<string, Trouble>();
  private readonly logger: Logger;
  private readonly monotonic: () => number;

  constructor(logger: Logger, monotonic: () => number) {
    this.logger = logger;
    this.monotonic = monotonic;
  }

  /** `why` is null where it went well. */
  note(sink: string, result: DeliveryResult, why: string | null): void {
    const trouble = this.troubles.get(sink);
    if (why === null) {
      if (trouble !== undefined) this.logger.info({ sink }, 'alerts are delivered again');
      this.troubles.delete(sink);
      return;
    }
    const at = this.monotonic();
    const times = (trouble?.times ?? 0) + 1;
    if (trouble?.why === why && at - trouble.saidAt < AGAIN_MS) {
      trouble.times = times;
      return;
    }
    this.troubles.set(sink, { why, saidAt: at, times: 0 });
    this.logger.warn({ sink, result, why, times }, 'an alert was not delivered');
  }
}
