import { type BindPoolReport, type Forecast, type Headroom, poolHeadroom, type Verdict } from '../model/assessment.ts';

/** Below 5 % of the usable ports a busy client has seconds; below 20 %, as a rule, minutes to react in. */
export const CRITICAL_HEADROOM_RATIO = 0.05;
export const WARNING_HEADROOM_RATIO = 0.2;
/**
 * How far ahead the ports' end is a matter for an alert: what TIME_WAIT alone takes from now, it has taken after 61 s; the
 * rest is for connections that live on.
 */
export const HORIZON_SECONDS = 120;
/** Close to the cliff: connect() is about to become 50 to 100 times slower. */
const WATCH_FAST_HEADROOM_RATIO = 0.1;

/**
 * What one look at a destination says. At the cliff (fast headroom 0) every connect() is slow: a warning by itself.
 * `outOfReach`: ports that count as free and that hardly any connect() finds, all of the first parity.
 * Where the whole first parity is reserved there is no cliff, for reserved ports are passed over without a lock.
 */
export function destinationVerdict(headroom: Headroom, firstParityPorts: number, outOfReach = 0): Verdict {
  const { usablePorts, headroomPorts, fastHeadroomPorts } = headroom;
  if (headroomPorts <= outOfReach || headroomPorts < usablePorts * CRITICAL_HEADROOM_RATIO) return 'critical';
  const atCliff = fastHeadroomPorts <= outOfReach && firstParityPorts > 0;
  if (headroomPorts < usablePorts * WARNING_HEADROOM_RATIO || atCliff) return 'warning';
  return fastHeadroomPorts < firstParityPorts * WATCH_FAST_HEADROOM_RATIO ? 'watch' : 'healthy';
}

/** Ports that run out are a matter for now when so much of them is used; before, it may yet end. */
export const CRITICAL_USED_RATIO = 0.25;
/** A demand whose level comes so near the limit that chance decides. */
const NEAR_RATIO = 0.05;

/** What is to come. A trend alone is nothing: the ports must run out at the demand that has surely held. */
export function forecastVerdict(headroom: Headroom, forecast: Forecast, firstParityPorts: number): Verdict {
  const { usablePorts, usedPorts, blockedPorts } = headroom;
  const { exhaustedInSecondsAtLow, slowConnectInSecondsAtLow, exhaustedInSeconds, peakUsedPorts } = forecast;
  if (exhaustedInSecondsAtLow !== null && exhaustedInSecondsAtLow <= HORIZON_SECONDS) {
    return usedPorts + blockedPorts >= usablePorts * CRITICAL_USED_RATIO ? 'critical' : 'warning';
  }
  if (firstParityPorts > 0 && slowConnectInSecondsAtLow !== null && slowConnectInSecondsAtLow <= HORIZON_SECONDS) {
    return 'warning';
  }
  const isNear = peakUsedPorts !== null && peakUsedPorts + blockedPorts >= usablePorts * (1 - NEAR_RATIO);
  return isNear || (exhaustedInSeconds !== null && exhaustedInSeconds <= HORIZON_SECONDS) ? 'watch' : 'healthy';
}

/** Less of a pool than this is no reason to believe in its end. */
const POOL_USED_RATIO = 0.02;

/**
 * What is wrong with a bind pool: its end is in sight at the demand that has surely held; or little is left of it. Only
 * while sockets are bound, or when none can be any more: who has bound all he needs misses nothing.
 */
export function bindPoolTrouble(
  pool: Omit<BindPoolReport, 'verdict'>,
  warningRatio: number,
  horizonSeconds: number,
): 'predicted' | 'low' | null {
  const { usablePorts, usedPorts, opensPerSecond, forecast } = pool;
  const left = poolHeadroom(pool);
  if (usablePorts === 0) return null;
  if (left <= 0) return 'low';
  if (opensPerSecond === null || opensPerSecond <= 0) return null;
  const { kind, settlesAtPorts, exhaustedInSecondsAtLow } = forecast;
  const isInSight = exhaustedInSecondsAtLow !== null && exhaustedInSecondsAtLow <= horizonSeconds;
  if (isInSight && usedPorts >= usablePorts * POOL_USED_RATIO) return 'predicted';
  const isRecovering =
    kind === 'steady' &&
    settlesAtPorts !== null &&
    settlesAtPorts < usedPorts &&
    left + usedPorts - settlesAtPorts >= usablePorts * warningRatio;
  return left < usablePorts * warningRatio && !isRecovering ? 'low' : null;
}

export function bindPoolVerdict(pool: Omit<BindPoolReport, 'verdict'>): Verdict {
  if (bindPoolTrouble(pool, WARNING_HEADROOM_RATIO, HORIZON_SECONDS) !== null) return 'warning';
  const { exhaustedInSeconds } = pool.forecast;
  const isNear = exhaustedInSeconds !== null && exhaustedInSeconds <= HORIZON_SECONDS;
  return isNear || poolHeadroom(pool) < pool.usablePorts * WARNING_HEADROOM_RATIO ? 'watch' : 'healthy';
}
