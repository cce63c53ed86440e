import type { Tide } from '../../../agent/model/assessment.ts';
import type { Moment } from './history.ts';

/** For a plot, all of the same length: seconds from now, closed a second, used until now, and to be used. */
export type TideData = readonly [
  seconds: readonly number[],
  closes: readonly (number | null)[],
  used: readonly (number | null)[],
  ahead: readonly (number | null)[],
];

const SECONDS = 60;

/**
 * The last minute and the next one. What was closed in a second stands in its middle; what is used, at its beginning.
 * `now` in ms, as the moments'.
 */
export function tideData(tide: Tide | null, used: number, moments: readonly Moment[], now: number): TideData {
  const seconds: number[] = [];
  const closes: (number | null)[] = [];
  const before: (number | null)[] = [];
  const ahead: (number | null)[] = [];
  for (let half = -2 * SECONDS; half <= 2 * SECONDS; half++) {
    const second = half / 2;
    const isWhole = Number.isInteger(second);
    seconds.push(second);
    // A bar of no height would be a line.
    closes.push(isWhole || second > 0 ? null : tide?.closesAgo[Math.floor(-second)] || null);
    before.push(isWhole && second <= 0 ? (second === 0 ? used : usedAt(moments, now + second * 1000)) : null);
    ahead.push(isWhole && second >= 0 ? (second === 0 ? used : (tide?.usedAhead[second] ?? null)) : null);
  }
  return [seconds, closes, before, ahead];
}

/** Half a look to either side. */
const NEAR_MS = 700;

function usedAt(moments: readonly Moment[], at: number): number | null {
  let best: Moment | null = null;
  for (const moment of moments) {
    if (Math.abs(moment.at - at) > NEAR_MS) continue;
    if (best === null || Math.abs(moment.at - at) < Math.abs(best.at - at)) best = moment;
  }
  return best?.used ?? null;
}
