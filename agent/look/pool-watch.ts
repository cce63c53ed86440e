import type { NamespaceMemory } from '../correlate/assess.ts';
import { NatLedger, type Room } from '../correlate/pools/nat-ledger.ts';
import { natPools } from '../correlate/pools/nat-pools.ts';
import { tablePools } from '../correlate/pools/table-pools.ts';
import type { NamespaceReport } from '../model/assessment.ts';
import type { NatQuota } from '../model/nat-quota.ts';
import type { PoolReport } from '../model/pool.ts';
import type { Counters } from '../model/readings.ts';

/** What is known of a network namespace as far as pools are concerned. */
export interface PoolSource {
  readonly memory: NamespaceMemory;
  /** null: it could not be looked at. */
  readonly report: NamespaceReport | null;
}

/** From this share of a NAT's quota on, those who use it are looked at every tick. */
const UNEASY_RATIO = 0.05;

/** Destinations that are followed for NATs' sake, of the whole host: 8 MB for one that holds 4 minutes. */
const MOST_DESTINATIONS = 4000;

/** Keeps what there is to know of pools, over all network namespaces. Times in ms on a clock that no one sets. */
export class PoolWatch {
  private quotas: readonly NatQuota[];
  private readonly noted = new WeakMap<NamespaceMemory, Counters>();
  private latest: readonly PoolReport[] = [];
  private readonly room: Room = { left: MOST_DESTINATIONS };

  constructor(quotas: readonly NatQuota[]) {
    this.quotas = quotas;
  }

  /** Other quotas from now on; what was known of other networks and times says nothing of them. */
  set nat(quotas: readonly NatQuota[]) {
    if (JSON.stringify(quotas) !== JSON.stringify(this.quotas)) this.quotas = quotas;
  }

  /** Call before each look at a namespace. */
  prepare(memory: NamespaceMemory): void {
    const { quotas } = this;
    if (quotas.length === 0) memory.nat = null;
    else if (memory.nat?.quotas !== quotas) memory.nat = new NatLedger(quotas, this.room);
  }

  report(sources: readonly PoolSource[], at: number): readonly PoolReport[] {
    const ledgers = sources.flatMap(({ memory: { nat } }) => (nat?.quotas === this.quotas ? [nat] : []));
    // Those of namespaces that are gone went with them.
    this.room.left = MOST_DESTINATIONS - ledgers.reduce((sum, { entries }) => sum + entries.size, 0);
    const isAll = ledgers.length === sources.length && sources.every(({ report }) => isSeen(report));
    const tables = sources.flatMap(({ memory, report }, index) => {
      if (report === null) return [];
      const { counters } = report;
      // A namespace that is left alone for a while has the counters of its last look.
      if (this.noted.get(memory) !== counters) memory.tables.note(at, counters);
      this.noted.set(memory, counters);
      return tablePools(report, memory.tables, index === 0);
    });
    this.latest = [...natPools(this.quotas, ledgers, isAll, at), ...tables];
    return this.latest;
  }

  /** Whether a namespace must be looked at for a NAT's sake, however few its sockets are: closed ones may be many. */
  isUneasy({ nat }: NamespaceMemory): boolean {
    if (nat === null || nat.entries.size === 0) return false;
    return this.latest.some(({ kind, limit, usedLow, usedHigh }) => {
      return kind === 'nat' && Math.max(usedLow, usedHigh ?? 0) >= limit * UNEASY_RATIO;
    });
  }

  /** Whether what a NAT holds becomes less though nothing happens here. */
  isMoving({ nat }: NamespaceMemory, at: number): boolean {
    return nat?.holdsClosed(at) === true;
  }
}

const isSeen = (report: NamespaceReport | null): boolean => report !== null && report.verdict !== 'blind';
