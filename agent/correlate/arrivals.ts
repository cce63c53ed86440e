/** What one bin of an ArrivalRecord holds, in ms: as finely as a burst must be told from a storm. */
export const BIN_MS = 100;
/** As far back as a rate is looked for. */
export const BINS = 304;

/**
 * Scales at which a rate must have held, in bins: that many windows of that length, one after the other, up to now. At
 * the finest, a burst of 0.7 s leaves at least one of nine windows empty, wherever it lies; at the others, one of three.
 */
const FINE = { windows: 9, bins: 1 };
const COARSE = [10, 15, 20, 30, 50, 100].map((bins) => ({ windows: 3, bins }));
/** Of a Poisson process, so many standard deviations are left to chance. */
const SIGMAS = 2;
/** And so many where all looks, day after day, must not mistake chance for a rise. */
const SURE_SIGMAS = 3;
/** So many events tell a rate to 5 % (one standard deviation). */
const ENOUGH = 400;
/** A rate is taken over a second at least: a look does not come much oftener. */
const SHORTEST_BINS = 10;
/** In seconds, longest first: over these a trend is looked for. */
const TREND_SECONDS = [30, 20, 10, 5];
/** What a slope must be of its own uncertainty to be one. */
const TREND_SIGMAS = 4;
/** Reduced chi-square beyond which a straight line is no fit: a step is none. */
const WORST_FIT = 2.5;

/** Opens per second. */
export interface Rate {
  readonly perSecond: number;
  /** Two standard deviations of chance either way; `low` has moreover held without a break. */
  readonly low: number;
  readonly high: number;
  /** By how much it changes from second to second; 0: steadily, as far as can be told. */
  readonly slope: number;
  /** For how long it has been changing like that, in seconds. */
  readonly slopeSeconds: number;
}

/**
 * When the connections of one destination were opened, over the last half minute, in bins of a tenth of a second. What
 * was closed again is dated by the age of its TIME_WAIT; what lives is spread over the time between two looks.
 */
export class ArrivalRecord {
  /** Of all, and of those that are dated. By the number of the bin, modulo BINS. */
  private readonly all = new Float32Array(BINS);
  private readonly dated = new Float32Array(BINS);
  /** The newest bin that anything was put into, and the first one that is known. */
  private newest: number;
  private oldest: number;
  private readonly looks: number[];

  /** `at` in ms. `ages`: TIME_WAIT by age in bins, of the first look, as far back as they tell of opens. */
  constructor(at: number, ages: ArrayLike<number> = []) {
    this.newest = Math.floor(at / BIN_MS);
    const known = Math.min(ages.length, BINS - 1);
    this.oldest = this.newest - known;
    this.looks = [at];
    this.date(at, Number.NEGATIVE_INFINITY, known, ages, 1);
  }

  /**
   * @param opened connections since the look before.
   * @param ages of these, the ones in TIME_WAIT, by age in bins; the rest live or left no trace.
   */
  add(at: number, opened: number, ages: ArrayLike<number>): void {
    const before = this.looks.at(-1) as number;
    this.turnTo(Math.floor(at / BIN_MS));
    let dated = 0;
    for (let age = 0; age < ages.length; age++) dated += ages[age] as number;
    const share = dated > opened ? opened / dated : 1;
    this.date(at, before, ages.length, ages, share);
    this.spread(before, at, Math.max(0, opened - dated), false);
    this.looks.push(at);
    while (this.looks.length > 2 && at - (this.looks[1] as number) > BINS * BIN_MS) this.looks.shift();
  }

  /** null: nothing is known yet. */
  rate(): Rate | null {
    // The newest bin is not over.
    const end = this.newest;
    const bins = Math.min(end - this.oldest, BINS - 1);
    if (bins < SHORTEST_BINS) return null;
    let count = 0;
    let width = 0;
    while (width < bins && (width < SHORTEST_BINS || count < ENOUGH)) {
      width++;
      count += this.at(end - width);
    }
    const seconds = (width * BIN_MS) / 1000;
    const perSecond = count / seconds;
    const chance = (SIGMAS * Math.sqrt(count)) / seconds;
    const trend = this.trend(end, bins);
    const now = trend?.now ?? perSecond;
    return {
      perSecond: now,
      low: Math.min(now, this.held(end, bins)),
      high: Math.max(now, perSecond + chance),
      slope: trend?.slope ?? 0,
      slopeSeconds: trend?.seconds ?? 0,
    };
  }

  /** The highest rate of any second that is known: what was wanted before something went wrong. */
  peak(): Rate {
    let perSecond = 0;
    let low = 0;
    for (let end = this.oldest + SHORTEST_BINS; end <= this.newest; end++) {
      let count = 0;
      for (let bin = end - SHORTEST_BINS; bin < end; bin++) count += this.at(bin);
      perSecond = Math.max(perSecond, count / ((SHORTEST_BINS * BIN_MS) / 1000));
      low = Math.max(low, this.least(this.dated, end, FINE.windows, FINE.bins));
    }
    return { perSecond, low: Math.min(low, perSecond), high: perSecond, slope: 0, slopeSeconds: 0 };
  }

  /** The rate that has not been fallen short of for a while, at the scale that says most. */
  private held(end: number, bins: number): number {
    let best = 0;
    if (FINE.windows * FINE.bins <= bins) best = this.least(this.dated, end, FINE.windows, FINE.bins);
    for (const { windows, bins: width } of COARSE) {
      if (windows * width > bins) break;
      // What came between two looks is spread over the time between them.
      if (this.widestGap(windows * width * BIN_MS) > width * BIN_MS * 1.15) continue;
      best = Math.max(best, this.least(this.all, end, windows, width));
    }
    return best;
  }

  private least(column: Float32Array, end: number, windows: number, width: number): number {
    let least = Number.POSITIVE_INFINITY;
    let sum = 0;
    for (let window = 1; window <= windows; window++) {
      let count = 0;
      for (let bin = end - window * width; bin < end - (window - 1) * width; bin++) count += this.valueOf(column, bin);
      least = Math.min(least, count);
      sum += count;
    }
    const seconds = (width * BIN_MS) / 1000;
    const worst = (least - SIGMAS * Math.sqrt(least)) / seconds;
    // Where the windows differ by no more than chance does, all of them together tell more.
    const mean = sum / windows;
    const isEven = least >= mean - SURE_SIGMAS * Math.sqrt(mean) && least >= mean / 3;
    const together = isEven ? (sum - SURE_SIGMAS * Math.sqrt(sum)) / (seconds * windows) : 0;
    return Math.max(0, worst, together);
  }

  private widestGap(ms: number): number {
    const { looks } = this;
    let widest = 0;
    for (let index = looks.length - 1; index > 0; index--) {
      if ((looks.at(-1) as number) - (looks[index] as number) >= ms) break;
      widest = Math.max(widest, (looks[index] as number) - (looks[index - 1] as number));
    }
    return widest;
  }

  /** A straight line through the seconds, where one fits. */
  private trend(end: number, bins: number): { now: number; slope: number; seconds: number } | null {
    for (const seconds of TREND_SECONDS) {
      if (seconds * 10 > bins) continue;
      const counts = Array.from({ length: seconds }, (_, index) => {
        let count = 0;
        for (let bin = end - (index + 1) * 10; bin < end - index * 10; bin++) count += this.at(bin);
        return count;
      });
      const mean = counts.reduce((sum, count) => sum + count, 0) / seconds;
      if (mean < 1) return null;
      // Time runs from −seconds to 0; `middle` of each second.
      let moment = 0;
      let spread = 0;
      for (const [index, count] of counts.entries()) {
        const time = -index - 0.5 + seconds / 2;
        moment += time * (count - mean);
        spread += time * time;
      }
      const slope = moment / spread;
      let misfit = 0;
      for (const [index, count] of counts.entries()) {
        const fitted = mean + slope * (-index - 0.5 + seconds / 2);
        misfit += (count - fitted) ** 2 / Math.max(1, fitted);
      }
      if (misfit / (seconds - 2) > WORST_FIT) continue;
      if (Math.abs(slope) < TREND_SIGMAS * Math.sqrt(mean / spread)) return null;
      return { now: Math.max(0, mean + (slope * seconds) / 2), slope, seconds };
    }
    return null;
  }

  /** What is so and so old: an age is a time from one bin's middle to the next one's, mostly. */
  private date(at: number, before: number, known: number, ages: ArrayLike<number>, share: number): void {
    for (let age = 0; age < known; age++) {
      const count = (ages[age] as number) * share;
      if (count === 0) continue;
      const to = at - age * BIN_MS;
      // A clock that is read a little later than the table shows some a little before the look.
      const from = Math.max(to - BIN_MS, Math.min(before, to - 1));
      this.spread(from, to, count, true);
    }
  }

  private spread(from: number, to: number, count: number, isDated: boolean): void {
    if (count <= 0 || to <= from) return;
    const first = Math.max(Math.floor(from / BIN_MS), this.newest - BINS + 1);
    for (let bin = first; bin <= this.newest; bin++) {
      const overlap = Math.min(to, (bin + 1) * BIN_MS) - Math.max(from, bin * BIN_MS);
      if (overlap > 0) this.put(bin, (count * overlap) / (to - from), isDated);
    }
  }

  private turnTo(bin: number): void {
    const steps = Math.min(bin - this.newest, BINS);
    for (let step = 0; step < steps; step++) {
      const index = (bin - step) % BINS;
      this.all[index] = 0;
      this.dated[index] = 0;
    }
    this.newest = Math.max(bin, this.newest);
    this.oldest = Math.max(this.oldest, this.newest - BINS + 1);
  }

  private put(bin: number, count: number, isDated: boolean): void {
    if (bin < this.newest - BINS + 1) return;
    const index = ((bin % BINS) + BINS) % BINS;
    this.all[index]! += count;
    if (isDated) this.dated[index]! += count;
  }

  private at(bin: number): number {
    return this.valueOf(this.all, bin);
  }

  private valueOf(column: Float32Array, bin: number): number {
    return column[((bin % BINS) + BINS) % BINS]!;
  }
}
