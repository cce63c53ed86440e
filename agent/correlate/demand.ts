import type { Rates } from '../model/assessment.ts';
import { ArrivalRecord, type Rate } from './arrivals.ts';
import type { Visit } from './connection-book.ts';
import { CLOCK_BIN_SECONDS } from './time-wait-clock.ts';

/** While connect() is slow or fails, the demand from before is held so long at least, and as long as there is any. */
const HELD_MS = 60_000;
/** From fewer closes a second than this, and than this share of the opens, it is not known how long connections live. */
const LEAST_CLOSES = 1;
const TELLING_RATIO = 0.2;
/** Where that many of the opened end, they do; fewer must do so for a while, for they may just have begun to. */
const CLEAR_RATIO = 0.8;
const TELLING_MS = 2000;
/** The busiest of thirty seconds is busier by chance alone: by less than this it tells nothing. */
const PEAK_SIGMAS = 4;
/** Closes that a rate is counted from, at most; and in how many seconds at most (rates.ts). */
const COUNTED_CLOSES = 200;
const COUNTED_SECONDS = 30;

/** What is asked of a destination, from all that is known of it. */
export interface Demand {
  readonly rate: Rate;
  /** Open connections, the peer's half-closed ones included. */
  readonly open: number;
  /** Share of the open ones that ends from second to second. */
  readonly endsPerSecond: number;
  /** The same, with two standard deviations of chance. */
  readonly endsPerSecondHigh: number;
  /** Of those that end, the share that this host closes first. */
  readonly closedHere: number;
  /** Whether enough have ended to tell. */
  readonly knowsLives: boolean;
  /** Whether the rate is that of before, because connect() is slow or fails now. */
  readonly isHeld: boolean;
}

type Lives = Pick<Demand, 'endsPerSecond' | 'endsPerSecondHigh' | 'closedHere'>;

/** What a look tells of a destination's demand. */
export interface DemandLook {
  readonly at: number;
  readonly visit: Visit;
  /** Since the look before, from ports outside the range too. */
  readonly opened: number;
  readonly rates: Rates;
  /** No port of the first parity left, or none at all: what is measured now is what gets through. */
  readonly isHindered: boolean;
  /** connect() calls refused so far. */
  readonly refused: number;
  /** TIME_WAIT by age in steps of CLOCK_BIN_SECONDS, where they tell when the connections were opened: of a first look. */
  readonly ages: ArrayLike<number>;
}

/** One destination's demand from look to look. */
export class DemandHistory {
  private readonly arrivals: ArrivalRecord;
  /** Measured when nothing stood in the way. */
  private free: { readonly at: number; readonly rate: Rate } | null = null;
  private refused: number;
  private lives: Lives | null = null;
  private tellsSince: number | null = null;

  /** The first look: TIME_WAIT tells of the time before. */
  constructor({ at, ages, isHindered, refused }: DemandLook) {
    this.arrivals = new ArrivalRecord(at, ages, CLOCK_BIN_SECONDS * 1000);
    this.refused = refused;
    if (isHindered && ages.length > 0) {
      const peak = this.arrivals.peak();
      const usual = this.arrivals.rate();
      const isChance = usual !== null && peak.perSecond - usual.perSecond < PEAK_SIGMAS * Math.sqrt(peak.perSecond);
      this.free = { at, rate: isChance ? usual : peak };
    }
  }

  add({ at, visit, opened }: DemandLook): void {
    this.arrivals.add(at, Math.max(0, opened - visit.openedOutside), visit.openedByAge);
  }

  /** null: too little is known. */
  demand({ at, visit, rates, isHindered, refused, opened }: DemandLook): Demand | null {
    const measured = this.arrivals.rate();
    const isRefused = refused > this.refused;
    this.refused = refused;
    if (measured === null) return null;
    const open = visit.open + visit.closedThere - visit.openOutside;
    const lives = this.livesOf(at, open, measured, rates);
    const { free } = this;
    if (!isHindered && !isRefused) {
      this.free = { at, rate: measured };
      return { rate: measured, open, ...lives, isHeld: false };
    }
    const isWanted = opened > 0 || isRefused;
    if (free !== null && free.rate.perSecond > measured.perSecond && (at - free.at <= HELD_MS || isWanted)) {
      return { rate: { ...free.rate, slope: 0, slopeSeconds: 0 }, open, ...lives, isHeld: true };
    }
    return { rate: measured, open, ...lives, isHeld: false };
  }

  /** By Little's law: what ends in a second, of those that are open. */
  private livesOf(
    at: number,
    open: number,
    { perSecond }: Rate,
    { opensPerSecond, closesPerSecond: { local, remote } }: Rates,
  ): Lives & Pick<Demand, 'knowsLives'> {
    const counted = (local ?? 0) + (remote ?? 0);
    // Counted over a longer time, perhaps, than the rate of now: what share of the opened ends is what tells.
    const share = opensPerSecond === null || opensPerSecond === 0 ? null : counted / opensPerSecond;
    const closes = share === null ? counted : perSecond * share;
    const isTelling = counted >= LEAST_CLOSES && closes >= perSecond * TELLING_RATIO;
    this.tellsSince = isTelling ? (this.tellsSince ?? at) : null;
    const lasts = this.tellsSince !== null && at - this.tellsSince >= TELLING_MS;
    if (isTelling && (lasts || this.lives !== null || closes >= perSecond * CLEAR_RATIO)) {
      const endsPerSecond = open === 0 ? Number.POSITIVE_INFINITY : closes / open;
      const chance = 2 / Math.sqrt(Math.min(COUNTED_CLOSES, counted * COUNTED_SECONDS));
      this.lives = {
        endsPerSecond,
        endsPerSecondHigh: endsPerSecond * (1 + chance),
        closedHere: (local ?? 0) / counted,
      };
    }
    const known = this.lives;
    if (known !== null) return { ...known, knowsLives: true };
    // Nothing has ended so far: as if nothing ever did, and with a TIME_WAIT when it does.
    const endsPerSecond = open === 0 ? Number.POSITIVE_INFINITY : closes / open;
    return { endsPerSecond, endsPerSecondHigh: endsPerSecond, closedHere: 1, knowsLives: false };
  }
}
