import type { Headroom, Tide } from '../model/assessment.ts';
import { CLOCK_BIN_SECONDS, TIME_WAIT_MS, type TimeWaitClock } from './time-wait-clock.ts';

const SECONDS = TIME_WAIT_MS / 1000;
const BINS_A_SECOND = Math.round(1 / CLOCK_BIN_SECONDS);

/** Destinations of a namespace that get one, the tightest first. */
export const TIDES = 8;
/** Using less, and healthy, a destination has nothing to show. */
const WORTH_RATIO = 0.05;

export function isWorthATide({ verdict, usedPorts, usablePorts }: Headroom & { readonly verdict: string }): boolean {
  return usedPorts > 0 && (verdict !== 'healthy' || usedPorts >= usablePorts * WORTH_RATIO);
}

/**
 * The last minute as TIME_WAIT remember it, and the next as the forecast has it. A connection that this side closed a
 * seconds ago has 60 − a seconds left on its timer:
 *
 *   closes │   ▂▄█▅▃▂▁▂▃▅      used │        ╭──── limit
 *          └──────────────▶         │   ╭────╯
 *           −60 s        now        └───────────▶ +60 s
 *
 * `curve`: of runOff(); [0] is NaN where that was not known.
 */
export function tideOf(clock: TimeWaitClock, curve: Float64Array): Tide {
  const closesAgo = new Array<number>(SECONDS).fill(0);
  for (let bin = 0; bin < clock.all.length; bin++) {
    const ago = SECONDS - 1 - Math.floor(bin / BINS_A_SECOND);
    closesAgo[Math.max(0, ago)]! += clock.all[bin]!;
  }
  return { closesAgo, usedAhead: Number.isNaN(curve[0]) ? [] : Array.from(curve, Math.round) };
}
