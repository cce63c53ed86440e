/** A Sample, as the line of JSON it is kept as. */
export interface TimedSample {
  /** In ms on a clock that no one sets. */
  readonly at: number;
  readonly text: string;
}

export interface SeriesLimits {
  readonly samples: number;
  /** UTF-16 units of all texts together: a byte each in memory, as a rule. */
  readonly characters: number;
}

/** Around a moment that matters so much time counts as near. */
const NEAR_MS = 60_000;

/**
 * Samples in the order of time, bounded in number and size: where there are too many, they become sparser the farther they
 * are from what matters. The line is time, x what matters:
 *
 *     |||||x|||||||| | | |  |   |    |     |     |    |   |  | | | |||||||||x
 */
export class SampleSeries {
  private readonly kept: TimedSample[] = [];
  private characters = 0;
  private readonly limits: SeriesLimits;

  constructor(limits: SeriesLimits) {
    this.limits = limits;
  }

  get last(): TimedSample | undefined {
    return this.kept.at(-1);
  }

  get samples(): readonly TimedSample[] {
    return this.kept;
  }

  /** `moments`: when something happened. The samples of these very times are not dropped, nor the first and the last. */
  add(sample: TimedSample, moments: readonly number[] = []): void {
    this.kept.push(sample);
    this.characters += sample.text.length;
    while (this.kept.length > this.limits.samples || this.characters > this.limits.characters) {
      const index = this.leastMissed([...moments, sample.at]);
      if (index === null) return;
      this.remove(index, 1);
    }
  }

  /** Those before `at`. */
  dropBefore(at: number): void {
    const first = this.kept.findIndex((one) => one.at >= at);
    this.remove(0, first < 0 ? this.kept.length : first);
  }

  private remove(index: number, count: number): void {
    for (const { text } of this.kept.splice(index, count)) this.characters -= text.length;
  }

  /** The one that leaves the smallest hole, as seen from the nearest moment that matters; null: none may go. */
  private leastMissed(moments: readonly number[]): number | null {
    let least = Number.POSITIVE_INFINITY;
    let found: number | null = null;
    for (let index = 1; index < this.kept.length - 1; index++) {
      const { at } = this.kept[index] as TimedSample;
      let distance = Number.POSITIVE_INFINITY;
      for (const moment of moments) distance = Math.min(distance, Math.abs(moment - at));
      if (distance === 0) continue;
      const hole = (this.kept[index + 1] as TimedSample).at - (this.kept[index - 1] as TimedSample).at;
      if (hole / (distance + NEAR_MS) >= least) continue;
      least = hole / (distance + NEAR_MS);
      found = index;
    }
    return found;
  }
}
