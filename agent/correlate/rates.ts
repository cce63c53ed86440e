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

/** Seconds; as much of the last minute as is looked at to date a rate by the ages of TIME_WAIT. */
const AGE_WINDOWS = [1, 2, 5, 10, 30];

/**
 * The closes of this side by the ages of TIME_WAIT, from a single look.
 *
 * @param young how many TIME_WAIT are younger than that many seconds.
 * @param mostSeconds older ones may have been taken over by tcp_tw_reuse.
 */
export function closesByAge(young: (seconds: number) => number, mostSeconds: number): number | null {
  const windows = AGE_WINDOWS.filter((seconds) => seconds <= mostSeconds);
  const [longest] = windows.slice(-1);
  if (longest === undefined) return null;
  const seconds = windows.find((one) => young(one) >= ENOUGH) ?? longest;
  return young(seconds) / seconds;
}
