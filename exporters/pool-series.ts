import type { PoolReport } from '../agent/model/pool.ts';
import type { MetricName } from './metrics.ts';

/** Quotas that have series of their own; the rest are in /api/assessment. */
const MOST = 4;

/** One value; null: not known, which is no series. */
interface Series {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
}

/** What a NAT's quotas come to, or the kernel's tables. A table has the label `netns`, a quota is everybody's. */
export function poolSeries(pools: readonly PoolReport[], kind: 'quotas' | 'tables'): Series[] {
  return pools
    .filter((pool) => (pool.kind === 'nat') === (kind === 'quotas'))
    .slice(0, MOST)
    .flatMap((pool): Series[] => {
      const { forecast } = pool;
      const labels = { pool: pool.name, kind: pool.kind, netns: pool.netns ?? '' };
      const inSight = (seconds: number | null) =>
        seconds ?? (forecast.kind === 'unknown' ? null : Number.POSITIVE_INFINITY);
      return [
        { name: 'lastport_pool_limit', labels, value: pool.limit },
        { name: 'lastport_pool_used', labels, value: pool.used },
        { name: 'lastport_pool_used_low', labels, value: pool.usedLow },
        { name: 'lastport_pool_exhaustion_seconds', labels, value: inSight(forecast.exhaustedInSeconds) },
        { name: 'lastport_pool_sure_exhaustion_seconds', labels, value: inSight(forecast.exhaustedInSecondsAtLow) },
        { name: 'lastport_pool_settled_used', labels, value: forecast.settlesAt },
      ];
    });
}
