import type { Assessment } from './model/assessment.ts';

export interface DaemonParts {
  /** A tick's look; `now` is the tick's own, in ms since the epoch. */
  readonly tick: (now: number) => Assessment;
  /** A look between ticks at what cannot wait for the next; null: nothing of that kind. */
  readonly beat: (now: number) => Assessment | null;
  readonly publish: (assessment: Assessment) => void;
  /** After that: what a look had no time for, for so many ms at most. */
  readonly finish: (patienceMs: number) => void;
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
  const publish = (look: (now: number) => Assessment | null) => {
    const assessment = look(parts.now());
    if (assessment !== null) parts.publish(assessment);
  };
  let due = monotonic();
  while (!signal.aborted) {
    const begun = due;
    attempt(parts, () => publish(parts.tick));
    const dueNow = () => begun + parts.tickMs();
    const until = (at: number) => Math.max(0, at - monotonic());
    while (!signal.aborted) {
      const beatMs = parts.beatMs();
      const beatAt = monotonic() + beatMs;
      const isLast = until(dueNow()) <= beatMs * 1.5; // one more right before the tick would be for nothing
      attempt(parts, () => parts.finish(until(Math.min(beatAt, dueNow()))));
      if (isLast || signal.aborted) break;
      await pause(until(beatAt));
      if (!signal.aborted) attempt(parts, () => publish(parts.beat));
    }
    await pause(until(dueNow()));
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

function attempt(parts: DaemonParts, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (parts.isFatal(error)) throw error;
    parts.onError('the look failed', error);
  }
}
