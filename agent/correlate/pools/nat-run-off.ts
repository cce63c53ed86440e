/** What comes, and what becomes of it, in connections per second. See run-off.ts, which does the same for ports here. */
export interface NatInflow {
  readonly perSecond: number;
  readonly slope: number;
  readonly slopeSeconds: number;
  /** Share of the open ones that ends from second to second; Infinity: at once. */
  readonly endsPerSecond: number;
}

export interface NatHeld {
  readonly limit: number;
  readonly open: number;
  /** Closed ones that are still held 0, 1, 2, … seconds from now. */
  readonly leaving: ArrayLike<number>;
  readonly heldSeconds: number;
}

export interface NatRunOff {
  /** In seconds from now; null: not within the horizon. */
  readonly exhausted: number | null;
  /** Where it settles; null: it grows and grows. */
  readonly level: number | null;
}

/** Beyond what is held, in steps of this share of the time that has passed. */
const COARSE_RATIO = 1 / 64;

/**
 * What a NAT holds from now on, second by second: the open ones and their successors, and each that is closed, by
 * whichever side, for `heldSeconds` more. No kernel's timer is in this, and no second half of the ports is slower.
 */
export function natRunOff(
  { limit, open, leaving, heldSeconds }: NatHeld,
  inflow: NatInflow,
  horizonSeconds: number,
): NatRunOff {
  const { endsPerSecond: ends } = inflow;
  const decay = Number.isFinite(ends) ? Math.exp(-ends) : 0;
  const born = decay === 0 ? 0 : decay === 1 ? 1 : (1 - decay) / ends;
  const steps = Math.ceil(Math.max(heldSeconds, inflow.slopeSeconds)) + 1;
  const closes = new Float64Array(steps + 1);
  const late = opensPerSecondAt(inflow, steps);
  const level = late === 0 && ends === 0 ? open : late / ends + late * heldSeconds;
  let alive = open;
  let closed = 0;
  let before = open + (leaving[0] ?? 0);
  if (before >= limit) return { exhausted: 0, level: Number.isFinite(level) ? level : null };
  for (let h = 1; h <= steps && h <= horizonSeconds; h++) {
    const opened = (opensPerSecondAt(inflow, h - 1) + opensPerSecondAt(inflow, h)) / 2;
    const next = alive * decay + opened * born;
    closes[h] = alive + opened - next;
    alive = next;
    closed += closes[h]! - returned(closes, h - heldSeconds);
    const used = alive + closed + (leaving[h] ?? 0);
    if (used >= limit) return { exhausted: between(h, 1, before, used, limit), level: finite(level) };
    before = used;
  }
  // What is open has not found its level yet.
  let h = steps;
  while (late > 0 && level > limit && Number.isFinite(ends) && h < horizonSeconds) {
    const seconds = h * COARSE_RATIO;
    h += seconds;
    const kept = Math.exp(-ends * seconds);
    alive = ends === 0 ? alive + late * seconds : alive * kept + (late / ends) * (1 - kept);
    const used = alive + Math.min(late, ends * alive) * heldSeconds;
    if (used >= limit && h <= horizonSeconds) {
      return { exhausted: between(h, seconds, before, used, limit), level: finite(level) };
    }
    before = used;
  }
  return { exhausted: null, level: finite(level) };
}

const finite = (level: number): number | null => (Number.isFinite(level) ? level : null);

function opensPerSecondAt({ perSecond, slope, slopeSeconds }: NatInflow, h: number): number {
  return Math.max(0, perSecond + slope * Math.min(h, slopeSeconds));
}

/** What was closed during the second that ends at `until`; between two of them by shares. */
function returned(closes: Float64Array, until: number): number {
  const whole = Math.floor(until);
  const part = until - whole;
  const at = (second: number) => (second < 1 ? 0 : closes[second]!);
  return at(whole) * (1 - part) + at(whole + 1) * part;
}

/** When the limit was met in the step of `step` seconds that ends at h. */
function between(h: number, step: number, before: number, after: number, limit: number): number {
  return Math.max(0, h - step + (after > before ? (step * (limit - before)) / (after - before) : step));
}
