import type { Verdict } from '../../model/assessment.ts';
import type { PoolReport } from '../../model/pool.ts';
import { HORIZON_SECONDS, WARNING_HEADROOM_RATIO } from '../verdict.ts';

/** A handful used tells of nothing. */
const TELLING = 20;
const TELLING_RATIO = 0.02;

type Level = Pick<PoolReport, 'kind' | 'limit' | 'used' | 'usedLow' | 'usedHigh' | 'forecast'>;

/** What surely is so: nearly all lent, or soon so at the demand that has held. A kernel's table is never more than watched. */
export function poolVerdict(pool: Level): Verdict {
  const { kind, limit, used, usedHigh, forecast } = pool;
  if (isLow(pool, WARNING_HEADROOM_RATIO) || endsWithin(pool, HORIZON_SECONDS)) {
    return kind === 'nat' ? 'warning' : 'watch';
  }
  const { exhaustedInSeconds } = forecast;
  const isNear = (used ?? usedHigh ?? 0) > limit * (1 - WARNING_HEADROOM_RATIO);
  return isNear || (exhaustedInSeconds !== null && exhaustedInSeconds <= HORIZON_SECONDS) ? 'watch' : 'healthy';
}

/** Whether less than that share is surely left, and it is not coming back by itself. */
export function isLow({ limit, usedLow, forecast: { kind, settlesAt } }: Level, ratio: number): boolean {
  const most = limit * (1 - ratio);
  const isRecovering = kind === 'steady' && settlesAt !== null && settlesAt < usedLow && settlesAt < most;
  return usedLow > most && !isRecovering;
}

export function endsWithin({ limit, usedLow, forecast: { exhaustedInSecondsAtLow } }: Level, seconds: number): boolean {
  const isTelling = usedLow >= Math.min(TELLING, limit * TELLING_RATIO);
  return isTelling && exhaustedInSecondsAtLow !== null && exhaustedInSecondsAtLow <= seconds;
}
