import type { Headroom, Verdict } from '../model/assessment.ts';

/** Below 5 % of the usable ports a busy client has seconds; below 20 %, as a rule, minutes to react in. */
const CRITICAL_HEADROOM_RATIO = 0.05;
const WARNING_HEADROOM_RATIO = 0.2;
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
