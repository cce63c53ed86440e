import type { Rates } from '../model/assessment.ts';
import type { Visit } from './connection-book.ts';

export const NO_RATES: Rates = {
  opensPerSecond: null,
  closesPerSecond: { local: null, remote: null },
  opensTotal: null,
  closesTotal: null,
};

/** So many events tell a rate to 5 % (one standard deviation of a Poisson process). */
const ENOUGH = 400;
const SHORTEST_MS = 1000;
const LONGEST_MS = 30_000;
/** A look every 250 ms for LONGEST_MS, at most. */
const SAMPLES = 128;

/** What was traced of a destination: exact, since the look before or since the trace began. closes null: those were not followed. */
export interface TracedSince {
  readonly opens: number;
  readonly closes: { readonly here: number; readonly there: number } | null;
}

/** Connections closed since the look before, by who closed first. */
export interface ClosedSince {
  readonly here: number;
  readonly there: number;
  /** Whether none came and went unseen. */
  readonly isSure: boolean;
}

interface Sample {
  readonly at: number;
  readonly opens: number;
  readonly local: number;
  readonly remote: number;
  /** How often so far connections may have come and gone unseen. */
  readonly unsure: number;
}

/** One destination from look to look. */
export class RateHistory {
  /** The look that it was counted in last. */
  look: number;
  private open: number;
  private readonly samples: Sample[];

  /** `at` in ms. `before`: what has been traced of it already. */
  constructor(look: number, at: number, { open, closedThere }: Visit, before: TracedSince | null = null) {
    this.look = look;
    this.open = open + closedThere;
    const { here = 0, there = 0 } = before?.closes ?? {};
    this.samples = [{ at, opens: before?.opens ?? 0, local: here, remote: there, unsure: 0 }];
  }

  /**
   * What happened since the look before: opened − closed is by how much the open ones have become more. Connections
   * that opened and were closed by the peer in between left nothing to be counted: `isUnsure` says, of the peer's closes
   * that were counted, whether there may be such. What was traced is exact and goes before all that. Returns what was
   * closed since.
   */
  add(
    look: number,
    at: number,
    visit: Visit,
    traced: TracedSince | null,
    isUnsure: (remote: number) => boolean,
  ): ClosedSince {
    const last = this.last;
    const open = visit.open + visit.closedThere;
    const opened = traced?.opens ?? visit.opened;
    const local = traced?.closes?.here ?? visit.closedHere;
    const remote = traced?.closes?.there ?? Math.max(0, opened - local - (open - this.open));
    const unsure = traced === null && isUnsure(remote);
    this.look = look;
    this.open = open;
    this.samples.push({
      at,
      opens: last.opens + opened,
      local: last.local + local,
      remote: last.remote + remote,
      unsure: last.unsure + (unsure ? 1 : 0),
    });
    if (this.samples.length > SAMPLES) this.samples.shift();
    return { here: local, there: remote, isSure: !unsure };
  }

  /** Over the shortest time that tells enough. */
  rates(): Rates {
    const last = this.last;
    const [first] = this.samples as [Sample];
    let from = first;
    for (let index = this.samples.length - 2; index >= 0; index--) {
      const sample = this.samples[index] as Sample;
      const ms = last.at - sample.at;
      if (ms > LONGEST_MS) break;
      from = sample;
      if (ms >= SHORTEST_MS && last.opens - sample.opens + last.local - sample.local >= ENOUGH) break;
    }
    const seconds = (last.at - from.at) / 1000;
    const isSure = last.unsure === from.unsure;
    return {
      opensPerSecond: isSure ? (last.opens - from.opens) / seconds : null,
      closesPerSecond: {
        local: (last.local - from.local) / seconds,
        remote: isSure ? (last.remote - from.remote) / seconds : null,
      },
      opensTotal: last.opens,
      closesTotal: { local: last.local, remote: last.remote },
    };
  }

  private get last(): Sample {
    return this.samples.at(-1) as Sample;
  }
}

/** Steps of ages, and how far back they are of use. */
export const AGE_STEP_MS = 100;
export const AGE_STEPS = LONGEST_MS / AGE_STEP_MS;
/** What of the last time is looked at, in steps: tenths of the last second, and seconds. */
const AGE_WINDOWS = [
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  ...Array.from({ length: AGE_STEPS / 10 }, (_, index) => (index + 1) * 10),
];
/** By so many standard deviations may a shorter window differ from its share of a longer one. */
const EVEN_SIGMAS = 3;
/** Where a rate has just changed, fewer closes than this do not tell what it is now. */
const FEW = 20;

/**
 * The closes of this side by the ages of TIME_WAIT, from a single look: over the shortest time that tells enough, and of
 * that over as long as they have come evenly. Before that the rate was another one. null: too few have come since.
 *
 * @param ages TIME_WAIT by age, in steps of AGE_STEP_MS.
 * @param mostMs older ones may have been taken over by tcp_tw_reuse.
 */
export function closesByAge(ages: ArrayLike<number>, mostMs: number): number | null {
  const windows = AGE_WINDOWS.filter((steps) => steps * AGE_STEP_MS <= mostMs && steps <= ages.length);
  const longest = windows.at(-1);
  if (longest === undefined || longest * AGE_STEP_MS < SHORTEST_MS) return null;
  const younger = [0];
  for (let step = 0; step < longest; step++) younger.push(younger[step]! + ages[step]!);
  const wanted = windows.find((steps) => steps * AGE_STEP_MS >= SHORTEST_MS && younger[steps]! >= ENOUGH) ?? longest;
  const candidates = windows.filter((steps) => steps <= wanted);
  const even = candidates.findLast((_, index) => isEven(candidates.slice(0, index + 1), younger))!;
  if (even !== wanted && younger[even]! > 0 && younger[even]! < FEW) return null;
  return younger[even]! / ((even * AGE_STEP_MS) / 1000);
}

/** Whether each of the shorter windows has its share of the last: as many as chance lets it (binomial distribution). */
function isEven(windows: readonly number[], younger: readonly number[]): boolean {
  const whole = windows.at(-1)!;
  const all = younger[whole]!;
  return windows.every((steps) => {
    const share = steps / whole;
    const deviation = Math.sqrt(all * share * (1 - share));
    return Math.abs(younger[steps]! - all * share) <= EVEN_SIGMAS * Math.max(1, deviation);
  });
}
