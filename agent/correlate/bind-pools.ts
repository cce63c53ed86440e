import type { BindPoolReport, Forecast } from '../model/assessment.ts';
import type { UsablePorts } from '../model/port-settings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import type { Binder } from './binders.ts';
import { forecast, type Surroundings } from './forecast.ts';
import type { NamespacePorts } from './headroom.ts';
import { countLocal, LIVE, type LocalCount, type LocalPorts, NOBODY } from './local-ports.ts';
import { PoolHistory } from './pool-history.ts';
import { BLOCKED, CHOSEN, MAYBE_BLOCKED } from './port-kinds.ts';
import type { Held } from './run-off.ts';
import { clockBin, newTimeWaitClock } from './time-wait-clock.ts';
import { bindPoolVerdict } from './verdict.ts';

/** Ports of a pool that are in use at other addresses too, and of all that it uses: what comes less often was a bind there. */
const SHARED_LEAST = 2;
const SHARED_RATIO = 0.05;

/** A look at a network namespace where somebody binds. */
export interface PoolsLook {
  readonly table: SocketTable;
  readonly shared: NamespacePorts;
  /** In ms on a clock that no one sets. */
  readonly at: number;
  readonly surroundings: Surroundings;
}

/**
 * The bind pools of one network namespace from look to look: of each local address that programs bind to before they
 * connect. Costs one pass over the sockets, and 256 KiB for each pool, only where somebody does.
 */
export class BindPools {
  private readonly histories = new Map<number, PoolHistory>();

  /** In the order of the text of their addresses. */
  update(look: PoolsLook, binders: readonly Binder[], scratch: LocalPorts): BindPoolReport[] {
    for (const key of this.histories.keys()) {
      if (!binders.some((one) => one.key === key)) this.histories.delete(key);
    }
    const histories = binders.map(({ key }) => {
      const history = this.histories.get(key) ?? new PoolHistory();
      this.histories.set(key, history);
      return history;
    });
    const keys = binders.map(({ key }) => key);
    scratch.read(
      look.table,
      keys,
      histories.map(({ column }) => column),
    );
    return binders
      .flatMap(({ text }, index) => pool(text, index, histories[index] as PoolHistory, look, scratch) ?? [])
      .sort((a, b) => (a.local < b.local ? -1 : 1));
  }
}

function pool(
  local: string,
  index: number,
  history: PoolHistory,
  { shared, at, surroundings }: PoolsLook,
  scratch: LocalPorts,
): BindPoolReport | null {
  const { usable, kinds } = shared;
  const { column } = history;
  history.isOwn ||= ownsPorts(scratch, index, column, shared);
  if (!history.isOwn) return null;
  const count = countLocal(scratch, index, column, usable);
  const isLocal = sharesPorts(scratch, index, column, shared);
  const left = isLocal ? count.free : count.freeEverywhere;
  const held = heldOf(column, usable, count, left);
  const isHindered = left <= 0;
  const demand = history.note({ at, usable, kinds, isSecondGone: count.freeSecond === 0, isHindered });
  const central = forecast({ headroomPorts: left }, held, demand.all, surroundings);
  const sure = forecast({ headroomPorts: left }, held, demand.bound, surroundings);
  const report = {
    local,
    usablePorts: usable.count,
    usedPorts: count.used,
    headroomPorts: count.free,
    anyHeadroomPorts: count.freeEverywhere,
    headroomPortsLow: Math.max(0, count.freeEverywhere - shared.unseen - outOfReach(scratch, index, column, usable)),
    bindsTo: isLocal ? ('local' as const) : ('unknown' as const),
    opensPerSecond: demand.boundPerSecond,
    forecast: merged(central, sure),
  };
  return { ...report, verdict: bindPoolVerdict(report) };
}

/** Alerts rest on what is bound alone: what connect() takes, other destinations use as well, and it leaves the second parity. */
function merged(central: Forecast, sure: Forecast): Forecast {
  return {
    ...central,
    slowConnectInSeconds: null,
    slowConnectInSecondsAtLow: null,
    exhaustedInSecondsAtLow: sure.exhaustedInSecondsAtLow,
    opensPerSecondLow: sure.opensPerSecondLow,
  };
}

/** TIME_WAIT end by their timers: tcp_tw_reuse gives bind() nothing. */
function heldOf(column: Int16Array, usable: UsablePorts, { used }: LocalCount, left: number): Held {
  const clock = newTimeWaitClock();
  for (let port = usable.low; port <= usable.high; port++) {
    const held = column[port]!;
    if (held !== NOBODY && held !== LIVE && usable.set[port] === 1) clock.all[clockBin(held - 1)]!++;
  }
  return { limit: used + Math.max(0, left), firstLimit: 0, used, usedFirst: 0, clock, earlier: 0 };
}

/**
 * Whether programs bind to this very address: then some of the ports they hold are in use at others too. Not what is
 * known to be connect()'s, for that shares ports all the time.
 */
function sharesPorts(
  scratch: LocalPorts,
  index: number,
  column: Int16Array,
  { usable, kinds }: NamespacePorts,
): boolean {
  let bound = 0;
  let sharing = 0;
  for (let port = usable.low + 1; port <= usable.high; port += 2) {
    if (column[port] === NOBODY || usable.set[port] === 0 || kinds[port] === CHOSEN) continue;
    bound++;
    if (scratch.isShared(index, port)) sharing++;
  }
  return sharing >= SHARED_LEAST && sharing >= bound * SHARED_RATIO;
}

/**
 * Whether a port shows that it is this address which is bound to. What bind() has joined elsewhere after connect() chose
 * it here shows as bound too: a port of the first parity, which connect() prefers, in use at both addresses.
 */
function ownsPorts(scratch: LocalPorts, index: number, column: Int16Array, { usable, kinds }: NamespacePorts): boolean {
  for (let port = usable.low; port <= usable.high; port++) {
    if (column[port] === NOBODY || usable.set[port] === 0) continue;
    const kind = kinds[port];
    const isSecond = ((port - usable.low) & 1) === 1;
    if (isSecond && (kind === BLOCKED || kind === MAYBE_BLOCKED)) return true;
    if (kind === BLOCKED && !scratch.isShared(index, port)) return true;
  }
  return false;
}

/** As for connect(): of an odd-sized range the lowest port or the highest may be missed (inet_csk_find_open_port). */
function outOfReach(scratch: LocalPorts, index: number, column: Int16Array, { low, high, set }: UsablePorts): number {
  if (((high - low) & 1) === 1 || high === low) return 0;
  const isFree = (port: number) => set[port] === 1 && column[port] === NOBODY && !scratch.isTakenAnywhere(index, port);
  return isFree(low) || isFree(high) ? 1 : 0;
}
