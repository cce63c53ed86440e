import { setTimeout as delay } from 'node:timers/promises';
import type { Assessment } from './model/assessment.ts';

/** What takes each tick's Assessment. It must not throw for long: a failure is logged and costs nobody else anything. */
export interface Publisher {
  readonly name: string;
  publish(assessment: Assessment): void;
}

export interface DaemonParts {
  /** One look; `now` is the tick's own, in ms since the epoch. */
  readonly look: (now: number) => Assessment;
  readonly publishers: readonly Publisher[];
  /** Read anew for every tick: a reload may change it. */
  readonly tickMs: () => number;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly onError: (what: string, error: unknown) => void;
}

/**
 * The tick: look, publish, wait. Ends when `signal` aborts, after the tick under way. A tick that takes longer than its
 * time makes the next one late, not two at once. The error of a tick is reported and the next one tried: /healthz tells
 * by the age of the last good one.
 */
export async function tickUntil(signal: AbortSignal, parts: DaemonParts): Promise<void> {
  let due = parts.monotonic();
  while (!signal.aborted) {
    tick(parts);
    due = Math.max(due + parts.tickMs(), parts.monotonic());
    try {
      await delay(due - parts.monotonic(), undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function tick({ look, publishers, now, onError }: DaemonParts): void {
  let assessment: Assessment;
  try {
    assessment = look(now());
  } catch (error) {
    onError('the look failed', error);
    return;
  }
  for (const publisher of publishers) {
    try {
      publisher.publish(assessment);
    } catch (error) {
      onError(`publishing to ${publisher.name} failed`, error);
    }
  }
}
