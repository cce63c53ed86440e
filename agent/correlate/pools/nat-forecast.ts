import { NO_POOL_FORECAST, type PoolForecast } from '../../model/pool.ts';
import type { Demand } from '../demand.ts';
import { type NatHeld, type NatInflow, natRunOff } from './nat-run-off.ts';

/** No forecast reaches farther. */
const HORIZON_SECONDS = 24 * 3600;
/** Where nothing has closed yet, a pool may just be filling: not below this share of the limit. */
const FILLING_RATIO = 0.75;

/** What is held of a quota, and what surely is. */
export interface NatUse {
  readonly limit: number;
  readonly heldSeconds: number;
  readonly open: number;
  readonly leaving: ArrayLike<number>;
  readonly leavingLow: ArrayLike<number>;
}

/** When the quota is used up at the demand measured, and at that which has surely held. null: that is not known. */
export function natForecast(use: NatUse, demand: Demand | null): PoolForecast {
  const { limit, heldSeconds, open, leaving, leavingLow } = use;
  const surely = open + (leavingLow[0] ?? 0);
  if (surely >= limit)
    return { ...NO_POOL_FORECAST, kind: 'exhausted', exhaustedInSeconds: 0, exhaustedInSecondsAtLow: 0 };
  if (demand === null) return NO_POOL_FORECAST;
  const { rate, endsPerSecond, knowsLives } = demand;
  const held: NatHeld = { limit, open, leaving, heldSeconds };
  const inflow: NatInflow = { ...rate, endsPerSecond };
  const isSteady = rate.low >= rate.perSecond / 2;
  const central = natRunOff(held, inflow, isSteady ? HORIZON_SECONDS : heldSeconds);
  const mayBeFilling = !knowsLives && surely < limit * FILLING_RATIO;
  const low =
    rate.low <= 0 || mayBeFilling
      ? null
      : natRunOff(
          { ...held, leaving: leavingLow },
          { ...inflow, perSecond: rate.low, slope: 0, slopeSeconds: 0 },
          knowsLives ? HORIZON_SECONDS : heldSeconds,
        ).exhausted;
  return {
    kind: central.exhausted === null ? 'steady' : 'draining',
    exhaustedInSeconds: central.exhausted,
    exhaustedInSecondsAtLow: low,
    settlesAt: central.level === null ? null : Math.round(central.level),
  };
}

/** Of several that share a pool; null where one of those that have connections is not known. */
export function sumOfDemands(
  demands: readonly { readonly open: number; readonly demand: Demand | null }[],
): Demand | null {
  let sum: Demand = NOTHING;
  let ends = 0;
  let endsHigh = 0;
  for (const { open, demand } of demands) {
    if (demand === null) {
      if (open > 0) return null;
      continue;
    }
    const { rate } = demand;
    sum = {
      ...sum,
      rate: {
        perSecond: sum.rate.perSecond + rate.perSecond,
        low: sum.rate.low + rate.low,
        high: sum.rate.high + rate.high,
        slope: sum.rate.slope + rate.slope,
        slopeSeconds: Math.max(sum.rate.slopeSeconds, rate.slopeSeconds),
      },
      open: sum.open + demand.open,
      knowsLives: sum.knowsLives && (demand.knowsLives || rate.perSecond === 0),
      isHeld: sum.isHeld || demand.isHeld,
    };
    ends += demand.open === 0 ? 0 : demand.open * demand.endsPerSecond;
    endsHigh += demand.open === 0 ? 0 : demand.open * demand.endsPerSecondHigh;
  }
  const perOpen = (rate: number) => (sum.open === 0 ? Number.POSITIVE_INFINITY : rate / sum.open);
  return { ...sum, endsPerSecond: perOpen(ends), endsPerSecondHigh: perOpen(endsHigh) };
}

const NOTHING: Demand = {
  rate: { perSecond: 0, low: 0, high: 0, slope: 0, slopeSeconds: 0 },
  open: 0,
  endsPerSecond: Number.POSITIVE_INFINITY,
  endsPerSecondHigh: Number.POSITIVE_INFINITY,
  closedHere: 0,
  knowsLives: true,
  isHeld: false,
};
