import type { Assessment } from './model/assessment.ts';

export interface DaemonParts {
  /** A tick's look; `now` is the tick's own, in ms since the epoch. */
  readonly tick: (now: number) => Assessment;
  /** A look between ticks at what cannot wait for the next; null: nothing of that kind. */
  readonly beat: (now: number) => Assessment | null;
  readonly publish: (assessment: Assessment) => void;
  /** Read anew all the time: a reload may change it. */
  readonly tickMs: () => number;
  /** Asked before every beat. */
  readonly beatMs: () => number;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly onError: (what: string, error: unknown) => void;
  /** Whether this error must end it. */
  readonly isFatal: (error: unknown) => boolean;
}

/**
 * Looks every tick, and in between every beat, until `signal` aborts. A tick that takes longer than its time makes the
 * next one late, not two at once. The error of a look is reported and the next one tried: /healthz tells by the age of
 * the last good one. Rejects with an error that is fatal.
 */
export async function tickUntil(signal: AbortSignal, parts: DaemonParts): Promise<void> {
  const { monotonic } = parts;
  const pause = pauser(signal);
  let due = monotonic();
  while (!signal.aborted) {
    const begun = due;
    attempt(parts, parts.tick);
    const dueNow = () => begun + parts.tickMs();
    // A last beat right before the tick would be for nothing.
    for (;;) {
      const beatMs = parts.beatMs();
      if (signal.aborted || dueNow() - monotonic() <= beatMs * 1.5) break;
      await pause(beatMs);
      if (!signal.aborted) attempt(parts, parts.beat);
    }
    await pause(Math.max(0, dueNow() - monotonic()));
    due = Math.max(dueNow(), monotonic());
  }
}

/** Pauses that end at once when `signal` aborts. One listener for all: timers/promises would cost more than a beat does. */
function pauser(signal: AbortSignal): (ms: number) => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => undefined;
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    wake();
  });
  return (ms) =>
    new Promise((resolve) => {
      wake = resolve;
      if (signal.aborted) resolve();
      else timer = setTimeout(resolve, ms);
    });
}

function attempt(parts: DaemonParts, look: (now: number) => Assessment | null): void {
  try {
    const assessment = look(parts.now());
    if (assessment !== null) parts.publish(assessment);
  } catch (error) {
    if (parts.isFatal(error)) throw error;
    parts.onError('the look failed', error);
  }
}
