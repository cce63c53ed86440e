import { PORTS, type PortSettings, type UsablePorts } from '../model/port-settings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { FIN_WAIT2, HIGHEST_STATE, TIME_WAIT } from '../model/state.ts';
import { BLOCKED, CHOSEN, INBOUND, MAYBE_BLOCKED, type PortKinds } from './port-kinds.ts';
import { clockBin, TIME_WAIT_MS, type TimeWaitClock } from './time-wait-clock.ts';

/**
 * Kernels before 6.14 have no tcp_tw_reuse_delay and compare whole seconds since the last timestamp: after one second
 * a TIME_WAIT is reusable for sure.
 */
export const REUSE_DELAY_BEFORE_6_14_MS = 1000;

/** What a Uint32Array can count. */
const MAX_ROUND = 0xffffffff;

/** What reuse is made of: whose TIME_WAIT connect() would take over, and after how long. */
interface ReuseRule {
  readonly mode: 'off' | 'on' | 'loopback';
  readonly delayMs: number;
  /** Whether this host is known to use TCP timestamps, on a kernel that is known to go by them. */
  readonly timestamps: boolean;
}

/** One destination's ports, counted once each over the usable ones. Filled anew by each measure(). */
export interface FlowCounts {
  used: number;
  usedFirstParity: number;
  /** Those of the used that bind() chose, and those it may have. */
  blocked: number;
  blockedFirstParity: number;
  maybeBlocked: number;
  maybeBlockedFirstParity: number;
  /** Those of the used that connect() would take over, unless bind() chose them. */
  reusable: number;
  reusableFirstParity: number;
  /** Those of the reusable of which all that reuse depends on is known. */
  surelyReusable: number;
  /** By kernel state number. */
  readonly states: Uint32Array;
  /** Whether it uses the lowest and the highest port of the range. */
  usesLow: boolean;
  usesHigh: boolean;
  /** Rows, also those outside the range and repeated ones. */
  rows: number;
}

/**
 * Counts the ports of one destination after the other, with one set of scratch columns for all, so that a tick
 * allocates nothing per socket and next to nothing per destination.
 *
 * A read of /proc is not atomic: a socket may be listed twice, in two states even. Its port counts once, in the state
 * that holds it longest, so that neither repetition nor order changes a number.
 */
export class FlowCounter {
  readonly counts: FlowCounts = {
    used: 0,
    usedFirstParity: 0,
    blocked: 0,
    blockedFirstParity: 0,
    maybeBlocked: 0,
    maybeBlockedFirstParity: 0,
    reusable: 0,
    reusableFirstParity: 0,
    surelyReusable: 0,
    states: new Uint32Array(HIGHEST_STATE + 1),
    usesLow: false,
    usesHigh: false,
    rows: 0,
  };
  private usable!: UsablePorts;
  private kinds!: PortKinds;
  private reuse!: ReuseRule;
  private readonly seen = new Uint32Array(PORTS);
  private readonly stateOf = new Uint8Array(PORTS);
  private readonly leftOf = new Int32Array(PORTS);
  private readonly ports = new Uint16Array(PORTS);
  private round = 0;
  private readonly isRelied: boolean;

  /** `isRelied` false: what TIME_WAIT connect() takes over is not known for sure of this kernel. */
  constructor(isRelied = true) {
    this.isRelied = isRelied;
  }

  /** Call before the first destination of a look. */
  begin(usable: UsablePorts, settings: PortSettings, kinds: PortKinds): void {
    this.usable = usable;
    this.kinds = kinds;
    this.reuse = {
      // Without timestamps on this host nothing is reusable (tcp_twsk_unique).
      mode: settings.timestamps === false ? 'off' : (settings.twReuse ?? 'off'),
      delayMs: settings.twReuseDelayMs ?? REUSE_DELAY_BEFORE_6_14_MS,
      timestamps: settings.timestamps === true && this.isRelied,
    };
  }

  measure(table: SocketTable, destination: number): FlowCounts {
    const round = this.nextRound();
    const { counts } = this;
    counts.rows = 0;
    let distinct = this.gather(table, destination, round, 0);
    const { rows } = counts;
    if (rows > 0 && table.deviceOf(destination) !== 0) {
      const others = table.withoutDevice(destination);
      if (others >= 0) distinct = this.gather(table, others, round, distinct);
      counts.rows = rows;
    }
    this.count(table, destination, distinct);
    return counts;
  }

  /** How old a TIME_WAIT of this destination gets, in ms, before connect() may take it over. */
  keptMs(table: SocketTable, destination: number): number {
    return this.reuses(table, destination) ? Math.min(this.reuse.delayMs, TIME_WAIT_MS) : TIME_WAIT_MS;
  }

  /** TIME_WAIT of the destination measured last, FIN_WAIT2 remains included, by age in steps of `stepMs`. */
  readAges(ages: Uint32Array, stepMs: number): void {
    ages.fill(0);
    for (let index = 0; index < this.counts.used; index++) {
      const port = this.ports[index]!;
      const state = this.stateOf[port]!;
      const left = this.leftOf[port]!;
      if (state !== TIME_WAIT && (state !== FIN_WAIT2 || left === 0)) continue;
      const step = Math.max(0, Math.floor((TIME_WAIT_MS - left * 10) / stepMs));
      if (step < ages.length) ages[step]!++;
    }
  }

  /**
   * When the TIME_WAIT of the destination measured last end by their timers, FIN_WAIT2 remains included; not those that
   * connect() would take over now. `earlier`: in ms before their timers end, connect() takes over the others.
   */
  readClock(table: SocketTable, destination: number, clock: TimeWaitClock): { readonly earlierMs: number } {
    const { counts, ports, stateOf, leftOf, usable, kinds } = this;
    clock.all.fill(0);
    clock.first.fill(0);
    const earlierMs = TIME_WAIT_MS - this.keptMs(table, destination);
    const isReused = earlierMs > 0;
    for (let index = 0; index < counts.used; index++) {
      const port = ports[index]!;
      const state = stateOf[port]!;
      const left = leftOf[port]!;
      if (state !== TIME_WAIT && (state !== FIN_WAIT2 || left === 0)) continue;
      if (isReused && (kinds[port] === BLOCKED || this.isOld(left))) continue;
      const bin = clockBin(left);
      clock.all[bin]!++;
      clock.first[bin]! += 1 - ((port - usable.low) & 1);
    }
    return { earlierMs };
  }

  /** The usable ports of the destination measured last, each once. */
  eachPort(visit: (port: number, kind: number, isFirstParity: boolean) => void): void {
    const { ports, kinds, usable } = this;
    for (let index = 0; index < this.counts.used; index++) {
      const port = ports[index]!;
      visit(port, kinds[port]!, ((port - usable.low) & 1) === 0);
    }
  }

  /** Notes the ports of a destination's rows after the `distinct` ones found already; returns how many there are now. */
  private gather(table: SocketTable, destination: number, round: number, distinct: number): number {
    const { counts, usable, kinds, seen, stateOf, leftOf, ports } = this;
    for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
      const port = table.localPort[row]!;
      if (kinds[port] === INBOUND) continue;
      counts.rows++;
      if (usable.set[port] === 0) continue;
      const state = table.state[row]!;
      const left = table.timerLeft[row]!;
      if (seen[port] !== round) {
        seen[port] = round;
        ports[distinct++] = port;
        stateOf[port] = state;
        leftOf[port] = left;
      } else if (holdsLonger(state, left, stateOf[port]!, leftOf[port]!)) {
        stateOf[port] = state;
        leftOf[port] = left;
      }
    }
    return distinct;
  }

  /** Marks what this destination uses, so that nothing has to be cleared between two. */
  private nextRound(): number {
    if (this.round === MAX_ROUND) {
      this.seen.fill(0);
      this.round = 0;
    }
    return ++this.round;
  }

  private count(table: SocketTable, destination: number, distinct: number): void {
    const { counts, usable, kinds, stateOf, leftOf, ports } = this;
    counts.used = distinct;
    counts.usedFirstParity = 0;
    counts.blocked = 0;
    counts.blockedFirstParity = 0;
    counts.maybeBlocked = 0;
    counts.maybeBlockedFirstParity = 0;
    counts.reusable = 0;
    counts.reusableFirstParity = 0;
    counts.surelyReusable = 0;
    counts.states.fill(0);
    counts.usesLow = this.seen[usable.low] === this.round;
    counts.usesHigh = this.seen[usable.high] === this.round;
    const reuses = distinct > 0 && this.reuses(table, destination);
    // The kernel does not show of a TIME_WAIT whether its peer used timestamps; where the peer is this host, it did.
    const sure = reuses && this.reuse.timestamps && table.isLoopback(destination);
    for (let index = 0; index < distinct; index++) {
      const port = ports[index]!;
      const state = stateOf[port]!;
      const kind = kinds[port];
      const first = 1 - ((port - usable.low) & 1);
      counts.states[state]!++;
      counts.usedFirstParity += first;
      if (kind === BLOCKED) {
        counts.blocked++;
        counts.blockedFirstParity += first;
      } else if (kind === MAYBE_BLOCKED) {
        counts.maybeBlocked++;
        counts.maybeBlockedFirstParity += first;
      }
      // FIN_WAIT2 whose owner has closed lingers like a TIME_WAIT but is never reusable; it has its own state number.
      if (reuses && state === TIME_WAIT && kind !== BLOCKED && this.isOld(leftOf[port]!)) {
        counts.reusable++;
        counts.reusableFirstParity += first;
        if (sure && kind === CHOSEN) counts.surelyReusable++;
      }
    }
  }

  private isOld(timerLeft: number): boolean {
    return TIME_WAIT_MS - timerLeft * 10 > this.reuse.delayMs;
  }

  private reuses(table: SocketTable, destination: number): boolean {
    if (this.reuse.mode !== 'loopback') return this.reuse.mode === 'on';
    return table.isLoopback(destination);
  }
}

/** A total order on what one port was seen to do: a live socket before a TIME_WAIT, and the later end before the earlier. */
function holdsLonger(state: number, left: number, otherState: number, otherLeft: number): boolean {
  if ((state === TIME_WAIT) !== (otherState === TIME_WAIT)) return otherState === TIME_WAIT;
  return state === otherState ? left > otherLeft : state < otherState;
}
