import type { NatQuota } from '../../model/nat-quota.ts';
import { NO_POOL_FORECAST, type PoolReport } from '../../model/pool.ts';
import { natForecast, sumOfDemands } from './nat-forecast.ts';
import type { NatEntry, NatLedger } from './nat-ledger.ts';
import { poolVerdict } from './pool-verdict.ts';

/** Of a quota per destination: so many of the fullest are forecast. */
const MOST_FORECAST = 8;
/** Of what has a demand, as full as it will be after so many seconds. */
const AHEAD_SECONDS = 30;
/** connect() calls that no look has shown, as a share of those that are held, and in number: more of them matter. */
const UNSEEN_RATIO = 0.03;
const UNSEEN_LEAST = 10;

/** A namespace that has not been looked at for so long is not known any more. */
const LATEST_LOOK_MS = 60_000;

/** What shares one set of a NAT's ports: all that goes to one destination, or everything. */
interface Share {
  readonly destination: PoolReport['destination'];
  readonly entries: NatEntry[];
  open: number;
  /** As far as known; surely. */
  used: number;
  low: number;
  isKnown: boolean;
}

/**
 * What of each quota is used, from what the network namespaces know. `isComplete`: there are no others. `at` in ms on a clock
 * that no one sets.
 */
export function natPools(
  quotas: readonly NatQuota[],
  ledgers: readonly NatLedger[],
  isComplete: boolean,
  at: number,
): PoolReport[] {
  return quotas.map((quota, index) => natPool(quota, index, ledgers, isComplete, at));
}

function natPool(
  quota: NatQuota,
  index: number,
  ledgers: readonly NatLedger[],
  isComplete: boolean,
  at: number,
): PoolReport {
  const { name, ports: limit, heldSeconds, per } = quota;
  const isOld =
    isComplete &&
    ledgers.every(({ since, lookedAt }) => at - since >= heldSeconds * 1000 && at - lookedAt < LATEST_LOOK_MS);
  const isAll = per === 'destination' || ledgers.every(({ incompleteAt }) => at - incompleteAt >= heldSeconds * 1000);
  const unseen = unseenOf(ledgers, at, heldSeconds);
  const shares = sharesOf(quota, index, ledgers, at);
  const likely = [...shares].sort((a, b) => soon(b) - soon(a)).slice(0, MOST_FORECAST);
  const forecasts = likely.map((share) => ({ share, forecast: forecastOf(quota, share, at) }));
  const ends = ({ forecast }: (typeof forecasts)[number]) => forecast.exhaustedInSecondsAtLow ?? Infinity;
  const [worst] = forecasts.sort(
    (a, b) => ends(a) - ends(b) || b.share.low - a.share.low || b.share.used - a.share.used,
  );
  const share = worst?.share ?? NOTHING;
  const isSure = isOld && isAll && share.isKnown;
  const bounded = isSure && unseen !== null;
  const used = bounded && unseen <= Math.max(UNSEEN_LEAST, share.used * UNSEEN_RATIO) ? Math.round(share.used) : null;
  const usedLow = Math.floor(share.low);
  const pool = {
    name,
    kind: 'nat' as const,
    netns: null,
    limit,
    heldSeconds,
    used,
    usedLow: used === null ? usedLow : Math.min(used, usedLow),
    usedHigh: isOld && isAll && unseen !== null ? Math.ceil(share.used + unseen) : null,
    headroom: used === null ? null : Math.max(0, limit - used),
    forecast: worst?.forecast ?? (isSure ? forecastOf(quota, NOTHING, at) : NO_POOL_FORECAST),
    destination: share.destination,
  };
  return { ...pool, verdict: poolVerdict(pool) };
}

const NOTHING: Share = { destination: null, entries: [], open: 0, used: 0, low: 0, isKnown: true };

function sharesOf(quota: NatQuota, index: number, ledgers: readonly NatLedger[], at: number): Iterable<Share> {
  const { heldSeconds, per } = quota;
  const shares = new Map<string, Share>();
  for (const ledger of ledgers) {
    for (const entry of ledger.entries.values()) {
      if (entry.through[index] !== true) continue;
      const { remote, remotePort, open, usablePorts } = entry;
      const key = per === 'machine' ? '' : `${remote} ${remotePort}`;
      let share = shares.get(key);
      if (share === undefined) {
        const destination = per === 'machine' ? null : { remote, remotePort };
        share = { ...NOTHING, destination, entries: [] };
        shares.set(key, share);
      }
      share.entries.push(entry);
      share.open += open;
      // A four-tuple that is used again is the same to the NAT.
      const most = Math.max(usablePorts, open);
      share.used += Math.min(most, open + entry.closed.within(at, heldSeconds));
      share.low += Math.min(most, open + entry.sure.within(at, heldSeconds));
      share.isKnown &&= at - Math.max(entry.since, entry.unsureAt) >= heldSeconds * 1000;
    }
  }
  return shares.values();
}

function soon({ low, entries }: Share): number {
  return low + entries.reduce((sum, { demand }) => sum + (demand?.rate.low ?? 0), 0) * AHEAD_SECONDS;
}

function forecastOf({ ports: limit, heldSeconds }: NatQuota, { entries, open }: Share, at: number) {
  const leaving = new Float64Array(Math.ceil(heldSeconds) + 1);
  const leavingLow = new Float64Array(leaving.length);
  for (const entry of entries) {
    for (const [sum, column] of [[leaving, entry.closed] as const, [leavingLow, entry.sure] as const]) {
      for (const [passed, count] of column.leaving(at, heldSeconds).entries()) sum[passed]! += count;
    }
  }
  return natForecast({ limit, heldSeconds, open, leaving, leavingLow }, sumOfDemands(entries));
}

/** null: not known. */
function unseenOf(ledgers: readonly NatLedger[], at: number, seconds: number): number | null {
  if (!ledgers.every(({ knowsUnseen }) => knowsUnseen)) return null;
  return ledgers.reduce((sum, { unseen }) => sum + unseen.within(at, seconds), 0);
}
