import { formatEndpoint } from '../agent/model/address.ts';
import type { PoolReport } from '../agent/model/pool.ts';

/** One line for each quota, and for each of the kernel's tables that is not fine: what is used, and when it ends. */
export function poolLines(pools: readonly PoolReport[], all: boolean): readonly { pool: PoolReport; text: string }[] {
  return pools
    .filter(({ kind, verdict }) => kind === 'nat' || verdict !== 'healthy' || all)
    .map((pool) => ({ pool, text: [titleOf(pool), usedOf(pool), ...endOf(pool)].join(' · ') }));
}

function titleOf({ kind, name, netns, destination }: PoolReport): string {
  if (kind === 'nat') {
    const where = destination === null ? '' : ` to ${formatEndpoint(destination.remote, destination.remotePort)}`;
    return `NAT ${name}${where}`;
  }
  const table = kind === 'conntrack' ? 'connection tracking table' : 'TIME_WAIT table (tcp_max_tw_buckets)';
  return netns === null || netns === 'host' ? table : `${table} of ${netns}`;
}

function usedOf({ used, usedLow, usedHigh, limit }: PoolReport): string {
  if (used !== null) return `${count(used)} of ${count(limit)} used`;
  const most = usedHigh === null ? '' : ` and at most ${count(usedHigh)}`;
  return `at least ${count(usedLow)}${most} of ${count(limit)} used`;
}

function endOf({ forecast: { kind, exhaustedInSeconds, settlesAt } }: PoolReport): string[] {
  if (kind === 'exhausted') return ['used up'];
  if (exhaustedInSeconds !== null) return [`used up in ${Math.round(exhaustedInSeconds)} s`];
  return settlesAt === null ? [] : [`settles at ${count(settlesAt)}`];
}

const count = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
