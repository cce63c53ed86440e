import type { TableSample } from './table-history.ts';

/** Growth must have held in so many windows, one after the other, of one of these lengths in seconds. */
const WINDOWS = 3;
const SCALES = [2, 5, 10, 20, 40];
/** A look does not come on the dot. */
const LATE_SECONDS = 0.5;
/** Of chance, so many standard deviations. */
const SIGMAS = 2;
/** The rate of now is that of so many seconds. */
const NOW_SECONDS = 10;

/** By how much something counted becomes more. */
export interface Growth {
  readonly perSecond: number;
  /** What it has not fallen short of in any of three windows, less what may be chance; 0: it has not grown all the time. */
  readonly low: number;
  /** For so long it has grown by half of that at least. */
  readonly seconds: number;
}

/** null: too little is known. `of`: which number. */
export function growthOf(samples: readonly TableSample[], of: (sample: TableSample) => number): Growth | null {
  const last = samples.at(-1);
  const [first] = samples;
  if (first === undefined || last === undefined || secondsBetween(first, last) < SCALES[0]! * WINDOWS) return null;
  const rate = (from: TableSample, to: TableSample) => (of(to) - of(from)) / secondsBetween(from, to);
  const now = before(samples, last, NOW_SECONDS) ?? first;
  const perSecond = rate(now, last);
  let low = 0;
  for (const scale of SCALES) low = Math.max(low, held(samples, scale, of));
  low = Math.max(0, Math.min(low, perSecond));
  return { perSecond, low, seconds: low === 0 ? 0 : lasted(samples, low / 2, of) };
}

function held(samples: readonly TableSample[], seconds: number, of: (sample: TableSample) => number): number {
  let end = samples.at(-1) as TableSample;
  let least = Number.POSITIVE_INFINITY;
  for (let window = 0; window < WINDOWS; window++) {
    const start = before(samples, end, seconds);
    // Too few looks tell of no window as short as that.
    if (start === null || secondsBetween(start, end) > seconds + 2 * LATE_SECONDS) return 0;
    const grown = of(end) - of(start);
    least = Math.min(least, (grown - SIGMAS * Math.sqrt(Math.max(0, grown))) / secondsBetween(start, end));
    end = start;
  }
  return Math.max(0, least);
}

/** Back to the last window of NOW_SECONDS in which it grew by less. */
function lasted(samples: readonly TableSample[], perSecond: number, of: (sample: TableSample) => number): number {
  const last = samples.at(-1) as TableSample;
  let end = last;
  for (;;) {
    const start = before(samples, end, NOW_SECONDS);
    if (start === null || of(end) - of(start) < perSecond * secondsBetween(start, end)) break;
    end = start;
  }
  return secondsBetween(end, last);
}

/** The newest one that is so much older; null: there is none. */
function before(samples: readonly TableSample[], one: TableSample, seconds: number): TableSample | null {
  for (let index = samples.length - 1; index >= 0; index--) {
    const sample = samples[index] as TableSample;
    if (secondsBetween(sample, one) >= seconds - LATE_SECONDS) return sample;
  }
  return null;
}

const secondsBetween = (from: TableSample, to: TableSample): number => (to.at - from.at) / 1000;
