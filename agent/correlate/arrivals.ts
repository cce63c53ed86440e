import { BIN_MS, BINS, heldAt, type Recent, steadyFlow } from './steady-flow.ts';
import { trend } from './trend.ts';

/** Of a Poisson process, so many standard deviations are left to chance. */
const SIGMAS = 2;
/** So many events tell a rate to 5 % (one standard deviation). */
const ENOUGH = 400;
/** In the first seconds of something, of which there are many more than of plateaus, more. */
const YOUNG_SIGMAS = 3;
const YOUNG_SECONDS = 3;
const BINS_A_SECOND = 1000 / BIN_MS;

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

/** Filled anew whenever a rate is asked for. */
const sums = { all: new Float64Array(BINS + 1), dated: new Float64Array(BINS + 1) };

/**
 * When the connections of one destination were opened, over the last half minute, in bins. What was closed again is dated
 * by the age of its TIME_WAIT; what lives is spread over the time between two looks.
 */
export class ArrivalRecord {
  /** Of all, and of those that are dated. By the number of the bin, modulo BINS. */
  private readonly all = new Float32Array(BINS);
  private readonly dated = new Float32Array(BINS);
  /** The newest bin that anything was put into, and the first one that is known. */
  private newest: number;
  private oldest: number;
  private readonly looks: number[];

  /**
   * @param at in ms.
   * @param ages TIME_WAIT by age in steps of `ageMs`, of the first look, as far back as they tell of opens.
   */
  constructor(at: number, ages: ArrayLike<number> = [], ageMs = BIN_MS) {
    this.newest = Math.floor(at / BIN_MS);
    this.oldest = this.newest - Math.min(Math.floor((ages.length * ageMs) / BIN_MS), BINS - 1);
    this.looks = [at];
    this.date(at, Number.NEGATIVE_INFINITY, ages, ageMs, 1);
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
    this.date(at, before, ages, BIN_MS, dated > opened ? opened / dated : 1);
    this.spread(before, at, Math.max(0, opened - dated), false);
    this.looks.push(at);
    while (this.looks.length > 2 && at - (this.looks[1] as number) > BINS * BIN_MS) this.looks.shift();
  }

  /** null: nothing is known yet. */
  rate(): Rate | null {
    const recent = this.recent();
    if (recent.bins < BINS_A_SECOND) return null;
    const { least, even } = steadyFlow(recent);
    const usual = even ?? usualRate(recent);
    const line = trend(recent);
    const perSecond = line?.now ?? usual.perSecond;
    const low = Math.max(least, even === null ? 0 : even.perSecond - sigmasAfter(even.seconds) * even.sigma);
    return {
      perSecond,
      low: Math.min(perSecond, low),
      high: Math.max(perSecond, usual.perSecond + SIGMAS * usual.sigma),
      slope: line?.slope ?? 0,
      slopeSeconds: line?.seconds ?? 0,
    };
  }

  /** The highest rate of any second that is known: what was wanted before something went wrong. */
  peak(): Rate {
    const recent = this.recent();
    let perSecond = 0;
    let low = 0;
    for (let age = 0; age + BINS_A_SECOND <= recent.bins; age++) {
      perSecond = Math.max(perSecond, recent.all[age + BINS_A_SECOND]! - recent.all[age]!);
      low = Math.max(low, heldAt(recent, age));
    }
    return { perSecond, low: Math.min(low, perSecond), high: perSecond, slope: 0, slopeSeconds: 0 };
  }

  /** Without the newest bin, which is not over. */
  private recent(): Recent {
    const bins = Math.min(this.newest - this.oldest, BINS - 1);
    const { all, dated } = sums;
    for (let age = 1; age <= bins; age++) {
      const index = indexOf(this.newest - age);
      all[age] = all[age - 1]! + this.all[index]!;
      dated[age] = dated[age - 1]! + this.dated[index]!;
    }
    return { bins, all, dated, widestGap: (ms) => this.widestGap(ms) };
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

  /** What is so and so old. An age is rounded down, and the look is somewhere in its bin: so it lies in two of them. */
  private date(at: number, before: number, ages: ArrayLike<number>, ageMs: number, share: number): void {
    for (let age = 0; age < ages.length; age++) {
      const count = (ages[age] as number) * share;
      if (count === 0) continue;
      const to = at - age * ageMs;
      // A clock that is read a little later than the table shows some a little before the look.
      const from = Math.max(to - ageMs, Math.min(before, to - 1));
      this.spread(from, to, count, true);
    }
  }

  private spread(from: number, to: number, count: number, isDated: boolean): void {
    if (count <= 0 || to <= from) return;
    const first = Math.max(Math.floor(from / BIN_MS), this.newest - BINS + 1);
    const last = Math.min(this.newest, Math.floor(to / BIN_MS));
    for (let bin = first; bin <= last; bin++) {
      const overlap = Math.min(to, (bin + 1) * BIN_MS) - Math.max(from, bin * BIN_MS);
      if (overlap <= 0) continue;
      const index = indexOf(bin);
      this.all[index]! += (count * overlap) / (to - from);
      if (isDated) this.dated[index]! += (count * overlap) / (to - from);
    }
  }

  private turnTo(bin: number): void {
    const steps = Math.min(bin - this.newest, BINS);
    for (let step = 0; step < steps; step++) {
      this.all[indexOf(bin - step)] = 0;
      this.dated[indexOf(bin - step)] = 0;
    }
    this.newest = Math.max(bin, this.newest);
    this.oldest = Math.max(this.oldest, this.newest - BINS + 1);
  }
}

/** Where there is no steady flow: over the shortest time that has enough, a second at least. */
function usualRate({ bins, all }: Recent): { readonly perSecond: number; readonly sigma: number } {
  let width = Math.min(bins, BINS_A_SECOND);
  while (width < bins && all[width]! < ENOUGH) width++;
  const seconds = (width * BIN_MS) / 1000;
  const count = all[width]!;
  return { perSecond: count / seconds, sigma: Math.sqrt(count) / seconds };
}

const sigmasAfter = (seconds: number): number => (seconds < YOUNG_SECONDS ? YOUNG_SIGMAS : SIGMAS);

const indexOf = (bin: number): number => ((bin % BINS) + BINS) % BINS;
