import type { Rates } from '../model/assessment.ts';
import { PORTS, type UsablePorts } from '../model/port-settings.ts';
import { newVisit, type Visit } from './connection-book.ts';
import { type Demand, DemandHistory, type DemandLook } from './demand.ts';
import { LIVE, NOBODY } from './local-ports.ts';
import { BLOCKED, CHOSEN, type PortKinds } from './port-kinds.ts';
import { AGE_STEP_MS, AGE_STEPS, closesByAge, NO_RATES, RateHistory } from './rates.ts';
import { BIN_MS, BINS } from './steady-flow.ts';
import { TIME_WAIT_MS } from './time-wait-clock.ts';

/** From look to look: later than this a TIME_WAIT that came in between may have gone. */
const LONGEST_GAP_MS = 55_000;
/** Hundredths of a second: by so much the end of the same TIME_WAIT may differ from look to look. */
const SAME_END = 50;
/** As far back as one look tells of what was opened, and in which steps. */
const LONGEST_AGE_MS = AGE_STEPS * AGE_STEP_MS;
/** From fewer one look tells nothing. */
const TELLING_CLOSES = 20;

/** One look at a pool. */
export interface PoolLook {
  /** In ms on a clock that no one sets. */
  readonly at: number;
  readonly usable: UsablePorts;
  readonly kinds: PortKinds;
  /** No free port of the second parity: bind() takes the first now. */
  readonly isSecondGone: boolean;
  /** bind() fails: what gets through is not what is wanted. */
  readonly isHindered: boolean;
}

/** What a pool's ports are taken at: by whomever, and by bind() alone. */
export interface PoolDemand {
  readonly all: Demand | null;
  readonly bound: Demand | null;
  /** Sockets bound a second; null: not known. */
  readonly boundPerSecond: number | null;
}

/** The ports of one local address from look to look. A port that is taken over while it is held takes none. */
export class PoolHistory {
  /** To be filled with the ports of the look to come, see local-ports.ts. */
  column = new Int16Array(PORTS);
  /** Whether it has been seen that the address is bound to, and no other. */
  isOwn = false;
  private before = new Int16Array(PORTS);
  private beforeAt: number | null = null;
  private wasSecondGone = false;
  private look = 0;
  private readonly all = new Inflow();
  private readonly bound = new Inflow();

  /** The column has been filled. */
  note(look: PoolLook): PoolDemand {
    const { at } = look;
    const gap = this.beforeAt === null ? Number.POSITIVE_INFINITY : at - this.beforeAt;
    const isFirst = gap > LONGEST_GAP_MS || gap <= 0;
    this.count(look, isFirst ? 0 : gap);
    this.look++;
    const known = { look: this.look, at, isFirst, isHindered: look.isHindered };
    const all = this.all.note(known);
    const bound = this.bound.note(known);
    this.beforeAt = at;
    this.wasSecondGone = look.isSecondGone;
    const { column, before } = this;
    this.column = before.fill(NOBODY);
    this.before = column;
    return { all: all.demand, bound: bound.demand, boundPerSecond: bound.rates.opensPerSecond };
  }

  /** `gap` 0: there is nothing to compare with, but TIME_WAIT have ages. */
  private count({ usable, kinds, isSecondGone }: PoolLook, gap: number): void {
    const { column, before, all, bound } = this;
    const isAnyBound = isSecondGone || this.wasSecondGone;
    const recentMs = gap === 0 ? LONGEST_AGE_MS : gap + SAME_END * 10;
    all.begin();
    bound.begin();
    for (let port = usable.low; port <= usable.high; port++) {
      const now = column[port]!;
      if (now === NOBODY || usable.set[port] === 0) continue;
      const was = gap === 0 ? NOBODY : before[port]!;
      const ageMs = now === LIVE ? 0 : TIME_WAIT_MS - (now - 1) * 10;
      const isRecent = ageMs <= recentMs;
      const isOpened = isRecent && (was === NOBODY || (was !== LIVE && isOver(was, gap) && isOther(was, now, gap)));
      const isClosed = isRecent && now !== LIVE && (isOpened || was === LIVE);
      const kind = kinds[port]!;
      const isSecond = ((port - usable.low) & 1) === 1;
      all.add(now === LIVE, isOpened, isClosed, ageMs);
      if (kind === BLOCKED || (kind !== CHOSEN && (isSecond || isAnyBound))) {
        bound.add(now === LIVE, isOpened, isClosed, ageMs);
      }
    }
  }
}

/** Whether what was held so long will have been given back by now. */
function isOver(was: number, gap: number): boolean {
  return was - 1 - gap / 10 <= SAME_END;
}

/** Whether this is not the TIME_WAIT of the look before. One that is overdue shows nothing left. */
function isOther(was: number, now: number, gap: number): boolean {
  return now === LIVE || Math.abs(now - 1 - Math.max(0, was - 1 - gap / 10)) > SAME_END;
}

/** What takes ports of a pool, and how it lives. */
class Inflow {
  private readonly visit: Visit = newVisit();
  /** Of the opened that are closed again: by their age in steps of AGE_STEP_MS, of a first look. */
  private readonly ages = new Uint16Array(AGE_STEPS);
  private rates: RateHistory | null = null;
  private demands: DemandHistory | null = null;

  begin(): void {
    const { visit } = this;
    visit.open = 0;
    visit.opened = 0;
    visit.closedHere = 0;
    visit.openedByAge.fill(0);
    this.ages.fill(0);
  }

  add(isLive: boolean, isOpened: boolean, isClosed: boolean, ageMs: number): void {
    const { visit } = this;
    if (isLive) visit.open++;
    if (isOpened) visit.opened++;
    if (isClosed) visit.closedHere++;
    if (!isOpened || isLive) return;
    visit.openedByAge[Math.min(BINS - 1, Math.max(0, Math.floor(ageMs / BIN_MS)))]!++;
    const step = Math.max(0, Math.floor(ageMs / AGE_STEP_MS));
    if (step < this.ages.length) this.ages[step]!++;
  }

  note({ look, at, isFirst, isHindered }: { look: number; at: number; isFirst: boolean; isHindered: boolean }): {
    readonly demand: Demand | null;
    readonly rates: Rates;
  } {
    const { visit } = this;
    if (isFirst || this.rates === null || this.demands === null) {
      this.rates = new RateHistory(look, at, visit);
      const rates = atFirst(this.ages);
      const ages = rates.opensPerSecond === null ? [] : this.ages;
      const facts: DemandLook = { at, visit, opened: 0, rates, isHindered, refused: 0, ages };
      this.demands = new DemandHistory(facts);
      return { demand: this.demands.demand(facts), rates };
    }
    this.rates.add(look, at, visit, null, () => false);
    const rates = this.rates.rates();
    const facts: DemandLook = { at, visit, opened: visit.opened, rates, isHindered, refused: 0, ages: [] };
    this.demands.add(facts);
    return { demand: this.demands.demand(facts), rates };
  }
}

/** One look dates what this side has closed: so many are opened, if none of them lives for long. */
function atFirst(ages: Uint16Array): Rates {
  const local = closesByAge(ages, LONGEST_AGE_MS);
  const closed = ages.reduce((sum, count) => sum + count, 0);
  if (local === null || closed < TELLING_CLOSES) return NO_RATES;
  return { ...NO_RATES, opensPerSecond: local, closesPerSecond: { local, remote: null } };
}
