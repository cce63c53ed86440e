import type { Forecast, Headroom } from '../model/assessment.ts';
import type { Demand } from './demand.ts';
import { type Held, type Inflow, type RunOff, runOff } from './run-off.ts';
import { TIME_WAIT_MS } from './time-wait-clock.ts';

/** No forecast reaches farther. */
const HORIZON_SECONDS = 24 * 3600;
/** As far as one may look where it is not known how long connections live: what closes comes back after that. */
const BLIND_HORIZON_SECONDS = TIME_WAIT_MS / 1000;
/** Where nothing has closed yet, a pool may just be filling: not below this share of the ports. */
const FILLING_RATIO = 0.75;

/** What holds for every destination of a namespace at one look. */
export interface Surroundings {
  /** By how much a TIME_WAIT timer is late on average, in seconds. */
  readonly lateSeconds: number;
  /** TIME_WAIT that there may be in the namespace at once, and that there are; null: not known. */
  readonly timeWaitMost: number | null;
  readonly timeWaitNow: number | null;
}

export const NO_FORECAST: Forecast = {
  kind: 'unknown',
  slowConnectInSeconds: null,
  exhaustedInSeconds: null,
  slowConnectInSecondsAtLow: null,
  exhaustedInSecondsAtLow: null,
  peakUsedPorts: null,
  settlesAtPorts: null,
  opensPerSecondLow: null,
  opensPerSecondHigh: null,
};

/** Of what nobody uses. */
export const UNUSED_FORECAST: Forecast = { ...NO_FORECAST, kind: 'steady', peakUsedPorts: 0, settlesAtPorts: 0 };

/**
 * When the ports of a destination run out, and when connect() gets slow, at the demand measured, and at that which has
 * surely held. `curve`: gets the ports used now and at each of the next 60 seconds, where that is known.
 */
export function forecast(
  headroom: Pick<Headroom, 'headroomPorts'>,
  held: Held | null,
  demand: Demand | null,
  { lateSeconds: timerLate, timeWaitMost, timeWaitNow }: Surroundings,
  curve: Float64Array | null = null,
): Forecast {
  // Timers end in bunches, a turn of the wheel apart: until the latest has ended all of them are held. A port that connect()
  // takes over earlier waits for no timer.
  const lateSeconds = held !== null && held.earlier > 0 ? 0 : timerLate * 2;
  const isExhausted = headroom.headroomPorts <= 0;
  const isSlow = isExhausted || (held !== null && held.firstLimit > 0 && held.usedFirst >= held.firstLimit);
  const nothing: Forecast = {
    ...NO_FORECAST,
    slowConnectInSeconds: isSlow ? 0 : null,
    slowConnectInSecondsAtLow: isSlow ? 0 : null,
    exhaustedInSeconds: isExhausted ? 0 : null,
    exhaustedInSecondsAtLow: isExhausted ? 0 : null,
  };
  if (held === null || demand === null) return { ...nothing, kind: isExhausted ? 'exhausted' : 'unknown' };
  const { rate, open, endsPerSecond, closedHere, knowsLives } = demand;
  const waiting = held.clock.all.reduce((sum, count) => sum + count, 0);
  const heldSeconds = Math.max(0, TIME_WAIT_MS / 1000 + lateSeconds - held.earlier);
  const timeWaitCap =
    timeWaitMost === null ? Number.POSITIVE_INFINITY : Math.max(0, timeWaitMost - ((timeWaitNow ?? 0) - waiting));
  const inflow: Inflow = {
    perSecond: rate.perSecond,
    slope: rate.slope,
    slopeSeconds: rate.slopeSeconds,
    endsPerSecond,
    closedHere,
    open,
    heldSeconds,
    timeWaitCap,
  };
  // What grows by so little that chance may have done it reaches no further than what is known to come back.
  const isSteady = rate.low >= rate.perSecond / 2;
  const central = runOff(held, inflow, lateSeconds, isSteady ? HORIZON_SECONDS : BLIND_HORIZON_SECONDS, curve);
  const low = atLow(held, inflow, demand, lateSeconds, knowsLives);
  return {
    kind: isExhausted ? 'exhausted' : central.exhausted === null ? 'steady' : 'draining',
    slowConnectInSeconds: isSlow ? 0 : central.slow,
    exhaustedInSeconds: isExhausted ? 0 : central.exhausted,
    slowConnectInSecondsAtLow: isSlow ? 0 : low.slow,
    exhaustedInSecondsAtLow: isExhausted ? 0 : low.exhausted,
    peakUsedPorts: central.peak === null ? null : Math.round(central.peak),
    settlesAtPorts: central.level === null ? null : Math.round(central.level),
    opensPerSecondLow: rate.low,
    opensPerSecondHigh: rate.high,
  };
}

const OUT_OF_SIGHT: Pick<RunOff, 'slow' | 'exhausted'> = { slow: null, exhausted: null };

function atLow(
  held: Held,
  inflow: Inflow,
  { rate, endsPerSecondHigh }: Demand,
  lateSeconds: number,
  knowsLives: boolean,
): Pick<RunOff, 'slow' | 'exhausted'> {
  if (rate.low <= 0) return OUT_OF_SIGHT;
  if (!knowsLives && held.used < held.limit * FILLING_RATIO) return OUT_OF_SIGHT;
  const low = { ...inflow, perSecond: rate.low, slope: 0, slopeSeconds: 0, endsPerSecond: endsPerSecondHigh };
  return runOff(held, low, lateSeconds, knowsLives ? HORIZON_SECONDS : BLIND_HORIZON_SECONDS);
}
