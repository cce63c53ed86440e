import { CLOCK_BIN_SECONDS, type TimeWaitClock } from './time-wait-clock.ts';

/** What a destination holds now. Those that connect() would take over at once are not held. */
export interface Held {
  /** Ports there are for it, and of these the ones of the first parity. */
  readonly limit: number;
  readonly firstLimit: number;
  readonly used: number;
  readonly usedFirst: number;
  readonly clock: TimeWaitClock;
  /** In seconds: a TIME_WAIT is free so much earlier than its timer says (tcp_tw_reuse). */
  readonly earlier: number;
}

/** What comes, in connections per second, and what becomes of it. */
export interface Inflow {
  readonly perSecond: number;
  /** By how much that changes from second to second, and for how many seconds. */
  readonly slope: number;
  readonly slopeSeconds: number;
  /** Share of the open connections that ends from second to second; Infinity: at once. */
  readonly endsPerSecond: number;
  /** Of those, the share that this host closes first, so that they leave a TIME_WAIT. */
  readonly closedHere: number;
  /** Open now, neither in TIME_WAIT nor the like. */
  readonly open: number;
  /** In seconds: for how long a closed one holds its port. */
  readonly heldSeconds: number;
  /** TIME_WAIT that there may be at once (tcp_max_tw_buckets less those of others); beyond, a close leaves nothing. */
  readonly timeWaitCap: number;
}

export interface RunOff {
  /** In seconds from now; null: not within the time looked at. */
  readonly slow: number | null;
  readonly exhausted: number | null;
  /** The most ports it comes to use if there are enough; null: it grows and grows. */
  readonly peak: number | null;
  /** Where it settles; null as above. */
  readonly level: number | null;
}

const STEP_SECONDS = 0.25;
const STEPS_A_SECOND = 1 / STEP_SECONDS;
/** Of a curve, beside now. */
export const CURVE_SECONDS = 60;
/** Until all that waits now has gone, and what is opened now too. */
const FINE_STEPS = 264;
/** Then in steps of this share of the time that has passed. */
const COARSE_RATIO = 1 / 64;

const closes = new Float64Array(FINE_STEPS + 1);

/**
 * The ports used from now on, step by step:
 *
 *     used(h) = those open now that still are + TIME_WAIT by its timers + ∫₀ʰ opens × share that still holds its port
 *
 *   used ▲          ╭── what is closed now comes back: it levels off, or has met the limit before
 *        │       ╭──╯
 *        │    ╭──╯ a straight line would miss this
 *        │ ╭──╯
 *        ┼─┴──────────┬──────▶ h
 *                    61 s
 *
 * New connections take the ports of the first parity while there are any (__inet_hash_connect).
 * `lateSeconds`: by how much a timer is late on average (the wheel of kernel/time/timer.c rounds up). `curve`: gets the
 * ports used now and at each of the next 60 seconds.
 */
export function runOff(
  held: Held,
  inflow: Inflow,
  lateSeconds: number,
  horizonSeconds: number,
  curve: Float64Array | null = null,
): RunOff {
  const { limit, firstLimit, clock, earlier } = held;
  const { open, closedHere, heldSeconds, timeWaitCap } = inflow;
  const old = new Returning(clock.all, earlier, lateSeconds);
  const oldFirst = new Returning(clock.first, earlier, lateSeconds);
  // What neither is open nor waits by a timer stays.
  const fixed = Math.max(0, held.used - open - old.left);
  const otherFirst = Math.max(0, held.usedFirst - oldFirst.left);
  const openFirst = open > 0 ? (otherFirst * open) / (open + fixed) : 0;
  const fixedFirst = otherFirst - openFirst;
  const decay = Number.isFinite(inflow.endsPerSecond) ? Math.exp(-inflow.endsPerSecond * STEP_SECONDS) : 0;
  const heldSteps = heldSeconds / STEP_SECONDS;
  let stillOpen = 1;
  let alive = open;
  let closed = 0;
  let slow = firstLimit > 0 && held.usedFirst >= firstLimit ? 0 : null;
  let exhausted = held.used >= limit ? 0 : null;
  let peak = held.used;
  let before = held.used;
  let beforeFirst = held.usedFirst;
  if (curve !== null) curve[0] = held.used;
  for (let step = 1; step <= FINE_STEPS; step++) {
    const h = step * STEP_SECONDS;
    const opened = opensUntil(inflow, h) - opensUntil(inflow, h - STEP_SECONDS);
    const next = opened === 0 ? alive * decay : alive * decay + opened * survivors(decay);
    closes[step] = closedHere * (alive + opened - next);
    alive = next;
    stillOpen *= decay;
    closed += closes[step]! - returned(step, heldSteps);
    const waiting = Math.min(closed + old.at(h), Math.max(old.at(h), timeWaitCap));
    const used = fixed + alive + waiting;
    const goneSecond = (open - openFirst) * stillOpen;
    const first = fixedFirst + (alive - goneSecond) + waiting - old.at(h) + oldFirst.at(h);
    if (slow === null && firstLimit > 0 && first >= firstLimit) slow = between(h, beforeFirst, first, firstLimit);
    if (exhausted === null && used >= limit) exhausted = between(h, before, used, limit);
    peak = Math.max(peak, used);
    if (curve !== null && step % STEPS_A_SECOND === 0 && h <= CURVE_SECONDS) curve[h] = used;
    before = used;
    beforeFirst = first;
  }
  const late = opensPerSecondAt(inflow, FINE_STEPS * STEP_SECONDS);
  const level =
    late === 0 ? fixed : fixed + late / inflow.endsPerSecond + Math.min(timeWaitCap, closedHere * late * heldSeconds);
  if (Number.isFinite(level)) peak = Math.max(peak, level);
  // What is open has not found its level yet.
  let h = FINE_STEPS * STEP_SECONDS;
  let waiting = before - fixed - alive;
  while (exhausted === null && late > 0 && level > limit && h < horizonSeconds) {
    const seconds = h * COARSE_RATIO;
    h += seconds;
    const ends = inflow.endsPerSecond;
    const kept = Number.isFinite(ends) ? Math.exp(-ends * seconds) : 0;
    alive = ends === 0 ? alive + late * seconds : alive * kept + (late / ends) * (1 - kept);
    waiting = Math.min(timeWaitCap, Math.max(waiting, closedHere * closedWithin(heldSeconds, inflow, late, alive)));
    const used = fixed + alive + waiting;
    if (used >= limit) exhausted = between(h, before, used, limit, seconds);
    if (slow === null && firstLimit > 0 && used >= firstLimit) slow = between(h, before, used, firstLimit, seconds);
    before = used;
  }
  return {
    slow: slow !== null && slow > horizonSeconds ? null : slow,
    exhausted: exhausted !== null && exhausted > horizonSeconds ? null : exhausted,
    peak: Number.isFinite(level) ? peak : null,
    level: Number.isFinite(level) ? level : null,
  };
}

/** Lives in that time from which on as many end as are opened, as exactly as numbers go. */
const SETTLED_LIVES = 20;

/**
 * Closed in the last `seconds`, where `late` have been opened a second all the while: Σ ends × open(t), and what was
 * missing from the level of the open ones was more by e^(ends × t) t seconds ago.
 */
function closedWithin(seconds: number, { endsPerSecond }: Inflow, late: number, alive: number): number {
  if (endsPerSecond === 0) return 0;
  if (endsPerSecond * seconds > SETTLED_LIVES) return late * seconds;
  const missing = Math.max(0, late / endsPerSecond - alive);
  return Math.max(0, late * seconds - missing * Math.expm1(endsPerSecond * seconds));
}

/** What of the connections opened during a step is still open at its end. */
function survivors(decay: number): number {
  if (decay === 0) return 0;
  return decay === 1 ? 1 : (1 - decay) / -Math.log(decay);
}

function opensPerSecondAt({ perSecond, slope, slopeSeconds }: Inflow, h: number): number {
  return Math.max(0, perSecond + slope * Math.min(h, slopeSeconds));
}

/** Opened until h. */
function opensUntil({ perSecond, slope, slopeSeconds }: Inflow, h: number): number {
  const rising = Math.min(h, slopeSeconds);
  const until = slope < 0 ? Math.min(rising, -perSecond / slope) : rising;
  const end = Math.max(0, perSecond + slope * rising);
  return perSecond * until + (slope * until * until) / 2 + end * (h - rising);
}

/** Closed `heldSteps` before, during the step; between two steps by shares. */
function returned(step: number, heldSteps: number): number {
  const from = step - heldSteps;
  const whole = Math.floor(from);
  const part = from - whole;
  const at = (index: number) => (index < 1 ? 0 : closes[index]!);
  return at(whole) * (1 - part) + at(whole + 1) * part;
}

/** When the limit was met in the step that ends at h. */
function between(h: number, before: number, after: number, limit: number, step = STEP_SECONDS): number {
  return Math.max(0, h - step + (after > before ? (step * (limit - before)) / (after - before) : step));
}

/** What of today's TIME_WAIT is still there h seconds from now. */
class Returning {
  /** Held now. */
  readonly left: number;
  private readonly clock: Uint16Array;
  /** In bins: what ends before this is free at once. */
  private readonly shift: number;
  private remaining: number;
  private next: number;
  /** Those whose timers are over: they come back one after the other, the last when a timer is as late as it gets. */
  private readonly overdue: number;
  private readonly lastSeconds: number;

  constructor(clock: Uint16Array, earlierSeconds: number, lateSeconds: number) {
    this.clock = clock;
    this.shift = (earlierSeconds - lateSeconds) / CLOCK_BIN_SECONDS;
    const isTimer = earlierSeconds === 0;
    this.next = isTimer ? 1 : Math.max(0, Math.ceil(this.shift));
    let remaining = 0;
    for (let bin = this.next; bin < clock.length; bin++) remaining += clock[bin]!;
    this.remaining = remaining;
    this.overdue = isTimer ? clock[0]! : 0;
    this.lastSeconds = Math.max(CLOCK_BIN_SECONDS, lateSeconds * 2);
    this.left = remaining + this.overdue;
  }

  /** h must not become less from call to call. */
  at(h: number): number {
    const { clock, shift } = this;
    while (this.next < clock.length && (this.next + 0.5 - shift) * CLOCK_BIN_SECONDS <= h) {
      this.remaining -= clock[this.next++]!;
    }
    return this.remaining + this.overdue * Math.max(0, 1 - h / this.lastSeconds);
  }
}
