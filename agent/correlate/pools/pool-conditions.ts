import { formatEndpoint } from '../../model/address.ts';
import type { PoolReport } from '../../model/pool.ts';
import { type AlertThresholds, type Condition, inWords } from '../alert-conditions.ts';
import { endsWithin, isLow } from './pool-verdict.ts';

/**
 * What is wrong with a pool now. A quota is low, or will be used up at the demand that has held. How full a kernel's table
 * is, is told with its namespace (alert-conditions.ts); here is what it comes to, if its alert is on.
 */
export function poolConditions(pool: PoolReport, limits: AlertThresholds): Condition[] {
  const { kind, name, usedLow, limit, forecast } = pool;
  const isEnding = endsWithin(pool, limits.horizonSeconds);
  const when = inWords(forecast.exhaustedInSecondsAtLow);
  if (kind === 'nat') {
    const low = isLow(pool, limits.headroomWarningRatio);
    if (!low && !isEnding) return [];
    const left = Math.max(0, limit - usedLow);
    const ends = isEnding ? `, used up ${when}` : '';
    const summary = `${name}${destinationOf(pool)} has at most ${left} of ${limit} ports left${ends}`;
    return [{ alertname: 'LastportNatQuotaLow', severity: 'warning', summary, isForecast: !low }];
  }
  const { ratio, alertname, table } = tableAlert(pool, limits);
  if (ratio === null || usedLow >= limit * ratio || !isEnding) return [];
  return [
    {
      alertname,
      severity: 'warning',
      summary: `The ${table} table of ${pool.netns} is full ${when}`,
      isForecast: true,
    },
  ];
}

function tableAlert({ kind }: PoolReport, limits: AlertThresholds) {
  return kind === 'conntrack'
    ? { ratio: limits.conntrackRatio, alertname: 'LastportConntrackLow' as const, table: 'connection tracking' }
    : { ratio: limits.timeWaitTableRatio, alertname: 'LastportTimeWaitTableFull' as const, table: 'TIME_WAIT' };
}

/** What is known of it, in words. */
export function poolDetails(pool: PoolReport): { readonly description: string; readonly [name: string]: string } {
  const { kind, limit, heldSeconds, used, usedLow, usedHigh, forecast } = pool;
  const bound = usedHigh === null ? '' : `, at most ${usedHigh}`;
  const count = used === null ? `at least ${usedLow}${bound}` : String(used);
  const settles = forecast.settlesAt === null ? '' : `; settles at ${forecast.settlesAt}`;
  const description = `${pool.name}${destinationOf(pool)}: ${count} of ${limit} used${settles}`;
  if (kind !== 'nat') return { description };
  return {
    description: `${description}; each for ${heldSeconds} s after its close`,
    remedy:
      'reuse connections: a closed one keeps its port at the NAT for a while, whoever closed it; or give the NAT more addresses, or this machine more of its ports',
  };
}

function destinationOf({ destination }: PoolReport): string {
  return destination === null ? '' : ` to ${formatEndpoint(destination.remote, destination.remotePort)}`;
}
