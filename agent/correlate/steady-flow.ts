/** What one bin holds, in ms: as finely as a burst must be told from a storm. */
export const BIN_MS = 50;
/** As far back as a rate is looked for. */
export const BINS = 608;

/**
 * Scales at which a rate must have held: that many windows of that many bins, one after the other, up to now. A burst of
 * 0.7 s leaves at least one window of each empty, wherever it lies.
 */
const SCALES: readonly Scale[] = [
  { windows: 16, width: 1 },
  { windows: 9, width: 2 },
  { windows: 6, width: 4 },
  { windows: 5, width: 6 },
  { windows: 4, width: 8 },
  { windows: 4, width: 10 },
  { windows: 3, width: 14 },
  ...[20, 30, 40, 60, 100, 200].map((width) => ({ windows: 3, width })),
];
/** Windows that differ by more than this many standard deviations are no steady flow. */
const EVEN_SIGMAS = 4;
/**
 * A shorter scale that differs from a longer one by so much tells of a change: then the longer one is out of date. With
 * less, chance would be a change once a day: a look a second, on several scales.
 */
const CHANGE_SIGMAS = 5;
/** Where the least window counts, so many are left to chance. */
const SIGMAS = 2;
const DATED_RATIO = 0.9;
/** What came between two looks is spread over the time between them: a window must be as long, but for a little. */
const GAP_TOLERANCE = 1.15;
/** Seconds that must be known before their differences tell how unevenly it flows. */
const TELLING_SECONDS = 6;
const BINS_A_SECOND = 1000 / BIN_MS;
/** A step in the middle of a second makes two great differences; more of them are no step. */
const STEP_DIFFERENCES = 2;
/** From so many in a window on, an empty one is no chance. */
const MANY = 9;

interface Scale {
  readonly windows: number;
  /** In bins. */
  readonly width: number;
}

/** What is known of a destination's opens, back from now: index n has how many the newest n full bins hold. */
export interface Recent {
  /** Bins that are known. */
  readonly bins: number;
  readonly all: Float64Array;
  /** Of these, the ones that are dated by themselves, not spread over the time between two looks. */
  readonly dated: Float64Array;
  /** The longest time from look to look within the newest so many ms. */
  readonly widestGap: (ms: number) => number;
}

/** Per second, with one standard deviation. */
export interface Estimate {
  readonly perSecond: number;
  readonly sigma: number;
  /** For how long it has been like that, in seconds. */
  readonly seconds: number;
}

/** How fast connections have been opened without a break. */
export interface SteadyFlow {
  /** The most that every window of some scale has seen, less what may be chance. */
  readonly least: number;
  /** At the longest even scale that no shorter one contradicts; null: it comes in bursts. */
  readonly even: Estimate | null;
}

/**
 * A rate is best told over a long time, and a change over a short one. So the scales are tried from the shortest on, as
 * far as each agrees with those before (the idea is Lepski's): in a storm's first second that is a second, on a plateau
 * half a minute, where what chance does to one second alarms nobody.
 */
export function steadyFlow(recent: Recent): SteadyFlow {
  const isYoung = recent.bins < TELLING_SECONDS * BINS_A_SECOND;
  const dispersion = isYoung ? 1 : dispersionOf(recent);
  let least = 0;
  let even: Estimate | null = null;
  let agrees = true;
  const shorter: Estimate[] = [];
  for (const scale of SCALES) {
    const bins = scale.windows * scale.width;
    if (bins > recent.bins) break;
    const isFine = recent.widestGap(bins * BIN_MS) > scale.width * BIN_MS * GAP_TOLERANCE;
    const seen = windowsOf(isFine ? recent.dated : recent.all, scale, dispersion);
    least = Math.max(least, seen.least);
    // What lives on is not dated: without it this is a lower bound and no estimate.
    if (isFine && recent.dated[bins]! < recent.all[bins]! * DATED_RATIO) continue;
    // While it is not known yet how unevenly it flows, what is uneven at one scale is so at the longer ones.
    if (isYoung && seen.estimate === null && seen.mean >= MANY) agrees = false;
    const { estimate } = seen;
    if (!agrees || estimate === null) continue;
    const { perSecond } = estimate;
    agrees = shorter.every((one) => {
      const sigma = Math.sqrt((dispersion * perSecond) / one.seconds);
      return Math.abs(one.perSecond - perSecond) <= CHANGE_SIGMAS * sigma;
    });
    if (!agrees) continue;
    even = estimate;
    shorter.push(estimate);
  }
  return { least, even };
}

/**
 * By how much more the counts of seconds vary than those of a Poisson process: 1 if they do not. From the
 * differences from second to second, but for those that a single step makes.
 */
function dispersionOf({ bins, all }: Recent): number {
  const seconds = Math.floor(bins / BINS_A_SECOND);
  const countOf = (second: number) => all[(second + 1) * BINS_A_SECOND]! - all[second * BINS_A_SECOND]!;
  const squares = new Float64Array(seconds - 1);
  for (let second = 0; second < seconds - 1; second++) squares[second] = (countOf(second) - countOf(second + 1)) ** 2;
  squares.sort();
  const mean = all[seconds * BINS_A_SECOND]! / seconds;
  const usual = squares.subarray(0, squares.length - STEP_DIFFERENCES);
  // Two counts vary twice as much as one.
  const variance = usual.reduce((sum, square) => sum + square, 0) / usual.length / 2;
  return mean === 0 ? 1 : Math.max(1, variance / mean);
}

/** The rate that has held in every window of the finest scale, of what is dated, `age` bins ago. */
export function heldAt(recent: Recent, age: number): number {
  const [finest] = SCALES as [Scale];
  return windowsOf(recent.dated, finest, 1, age).least;
}

function windowsOf(
  sums: Float64Array,
  { windows, width }: Scale,
  dispersion: number,
  age = 0,
): { readonly least: number; readonly mean: number; readonly estimate: Estimate | null } {
  let least = Number.POSITIVE_INFINITY;
  for (let window = 0; window < windows; window++) {
    const from = age + window * width;
    least = Math.min(least, sums[from + width]! - sums[from]!);
  }
  const sum = sums[age + windows * width]! - sums[age]!;
  const seconds = (width * BIN_MS) / 1000;
  const mean = sum / windows;
  const isEven = sum > 0 && least >= mean - EVEN_SIGMAS * Math.sqrt(dispersion * mean) && least >= mean / 3;
  const all = seconds * windows;
  return {
    least: Math.max(0, (least - SIGMAS * Math.sqrt(least)) / seconds),
    mean,
    estimate: isEven ? { perSecond: sum / all, sigma: Math.sqrt(dispersion * sum) / all, seconds: all } : null,
  };
}
