import type { NamespaceReport } from '../../model/assessment.ts';
import { NO_POOL_FORECAST, type PoolForecast, type PoolReport } from '../../model/pool.ts';
import { TIME_WAIT_MS } from '../time-wait-clock.ts';
import { growthOf } from './growth.ts';
import { poolVerdict } from './pool-verdict.ts';
import type { TableHistory, TableSample } from './table-history.ts';

/**
 * The longest that conntrack keeps what is over by itself: TIME_WAIT and FIN_WAIT of TCP, streams of UDP (tcp_timeouts of
 * net/netfilter/nf_conntrack_proto_tcp.c, nf_conntrack_proto_udp.c), and some for its garbage collection. A constant load
 * fills the table for that long and no longer.
 */
const CONNTRACK_HELD_SECONDS = 130;
/** A TIME_WAIT and the lateness of its timer. */
const TIME_WAIT_HELD_SECONDS = TIME_WAIT_MS / 1000 + 1;
/** Below this share of the limit a table is not worth a report, but the first namespace's. */
const REPORTED_RATIO = 0.05;

/** The kernel's tables of one network namespace, those that it has. */
export function tablePools(
  { label: netns, counters, timeWaitMost }: Pick<NamespaceReport, 'label' | 'counters' | 'timeWaitMost'>,
  { conntrack, timeWait }: TableHistory,
  isFirst: boolean,
): PoolReport[] {
  const { conntrackEntries, conntrackMax, socketsTimeWait } = counters;
  const pools: PoolReport[] = [];
  const add = (kind: PoolReport['kind'], used: number | undefined, limit: number | null, forecast: PoolForecast) => {
    if (used === undefined || limit === null || limit <= 0) return;
    const counted = { used, usedLow: used, usedHigh: used, headroom: Math.max(0, limit - used) };
    const pool = { name: kind, kind, netns, limit, heldSeconds: null, ...counted, forecast, destination: null };
    const verdict = poolVerdict(pool);
    if (isFirst || used >= limit * REPORTED_RATIO || verdict !== 'healthy') pools.push({ ...pool, verdict });
  };
  add('conntrack', conntrackEntries, conntrackMax ?? null, conntrackForecast(conntrack, conntrackMax ?? 0));
  add('time_wait', socketsTimeWait, timeWaitMost, timeWaitForecast(timeWait, timeWaitMost ?? 0));
  return pools;
}

/**
 * Nothing shows how old conntrack's entries are. So growth proves something only when it has lasted longer than a constant
 * load would fill the table, and then it is believed for as long again.
 */
export function conntrackForecast(samples: readonly TableSample[], limit: number): PoolForecast {
  const entries = samples.at(-1)?.entries ?? 0;
  if (entries >= limit && samples.length > 0) return FULL;
  const growth = growthOf(samples, (one) => one.entries);
  if (growth === null) return NO_POOL_FORECAST;
  const { perSecond, low, seconds } = growth;
  if (perSecond <= 0) return { ...NO_POOL_FORECAST, kind: 'steady', settlesAt: entries };
  if (low === 0 || seconds < CONNTRACK_HELD_SECONDS) return NO_POOL_FORECAST;
  const within = (rate: number) => {
    const end = (limit - entries) / rate;
    return end <= seconds ? end : null;
  };
  const exhaustedInSeconds = within(Math.max(perSecond, low));
  const kind = exhaustedInSeconds === null ? 'unknown' : 'draining';
  return { kind, exhaustedInSeconds, exhaustedInSecondsAtLow: within(low), settlesAt: null };
}

/** The kernel counts those begun, and each lasts a minute: what they come to is known from the first seconds on. */
export function timeWaitForecast(samples: readonly TableSample[], limit: number): PoolForecast {
  const entries = samples.at(-1)?.entries ?? 0;
  if (entries >= limit && samples.length > 0) return FULL;
  if (samples.some(({ begun }) => begun === null)) return NO_POOL_FORECAST;
  const begun = growthOf(samples, (one) => one.begun as number);
  const growth = growthOf(samples, (one) => one.entries);
  if (begun === null || growth === null) return NO_POOL_FORECAST;
  const level = begun.perSecond * TIME_WAIT_HELD_SECONDS;
  // While fewer end than begin, which is so until the level is met; what is left is filled by the difference.
  const end = (rate: number, net: number) =>
    rate * TIME_WAIT_HELD_SECONDS >= limit && net > 0 ? (limit - entries) / net : null;
  const exhaustedInSeconds = end(begun.perSecond, growth.perSecond);
  return {
    kind: exhaustedInSeconds === null ? 'steady' : 'draining',
    exhaustedInSeconds,
    exhaustedInSecondsAtLow: end(begun.low, growth.low),
    settlesAt: Math.round(Math.min(limit, level)),
  };
}

const FULL: PoolForecast = {
  kind: 'exhausted',
  exhaustedInSeconds: 0,
  exhaustedInSecondsAtLow: 0,
  settlesAt: null,
};
