import { BIN_MS, type Recent } from './steady-flow.ts';

/** In seconds, longest first: over these a trend is looked for. */
const SPANS = [30, 20, 10, 5];
const BINS_A_SECOND = 1000 / BIN_MS;
/** What a slope must be of its own uncertainty to be one. */
const SIGMAS = 4;
/** Reduced chi-square beyond which a straight line is no fit: a step is none. */
const WORST_FIT = 2.5;

export interface Trend {
  /** Opens per second at the newest end of the line. */
  readonly now: number;
  /** By how much that changes from second to second. */
  readonly slope: number;
  /** For how long it has. */
  readonly seconds: number;
}

/** A straight line through the seconds, by least squares, where one fits; null: none does, or it is level. */
export function trend({ bins, all }: Recent): Trend | null {
  for (const span of SPANS) {
    if (span * BINS_A_SECOND > bins) continue;
    const countOf = (second: number) => all[(second + 1) * BINS_A_SECOND]! - all[second * BINS_A_SECOND]!;
    const mean = all[span * BINS_A_SECOND]! / span;
    if (mean < 1) return null;
    // The middle of each second, in s from the middle of all; the newest is second 0.
    const timeOf = (second: number) => span / 2 - second - 0.5;
    let moment = 0;
    let spread = 0;
    for (let second = 0; second < span; second++) {
      moment += timeOf(second) * (countOf(second) - mean);
      spread += timeOf(second) ** 2;
    }
    const slope = moment / spread;
    let misfit = 0;
    for (let second = 0; second < span; second++) {
      const fitted = mean + slope * timeOf(second);
      misfit += (countOf(second) - fitted) ** 2 / Math.max(1, fitted);
    }
    if (misfit / (span - 2) > WORST_FIT) continue;
    if (Math.abs(slope) < SIGMAS * Math.sqrt(mean / spread)) return null;
    return { now: Math.max(0, mean + (slope * span) / 2), slope, seconds: span };
  }
  return null;
}
