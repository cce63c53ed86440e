import type { BindPoolReport } from '../model/assessment.ts';
import { inWords } from './alert-conditions.ts';

/** What is known of a bind pool, in words. */
export function describePool(pool: BindPoolReport): {
  readonly description: string;
  readonly cause: string;
  readonly remedy: string;
} {
  const { local, usedPorts, usablePorts, headroomPorts, anyHeadroomPorts, opensPerSecond, forecast } = pool;
  const rate = opensPerSecond === null ? '' : `, ${Math.round(opensPerSecond)} bound a second`;
  const left = pool.bindsTo === 'local' ? '' : `, ${anyHeadroomPorts} for programs that bind to any address`;
  const deadline = forecast.exhaustedInSeconds === null ? '' : `; out of ports ${inWords(forecast.exhaustedInSeconds)}`;
  return {
    description: `${usedPorts} of ${usablePorts} ports are taken at ${local}${rate}; ${headroomPorts} left${left}${deadline}`,
    cause:
      'programs bind() before they connect(): such a port is taken from all destinations, and as TIME_WAIT for another minute',
    remedy:
      'set IP_BIND_ADDRESS_NO_PORT before bind(), so that connect() chooses the port per destination; or do not bind; or reuse connections',
  };
}
