// A model of one client's ports over time, deterministic and much faster than time: arrivals, lives, who closes, TIME_WAIT
// with late timers, the two parities and the cliff's throttle. It drives the correlator through a real SocketTable.

import { AlertBook, type AlertRules } from '../../agent/correlate/alert-book.ts';
import { DEFAULT_THRESHOLDS } from '../../agent/correlate/alert-conditions.ts';
import { assess, Correlator, NamespaceMemory } from '../../agent/correlate/assess.ts';
import { PoolWatch } from '../../agent/look/pool-watch.ts';
import type { Alert } from '../../agent/model/alert.ts';
import type { Assessment, DestinationReport } from '../../agent/model/assessment.ts';
import type { NatQuota } from '../../agent/model/nat-quota.ts';
import type { PortSettings } from '../../agent/model/port-settings.ts';
import { SocketTable } from '../../agent/model/socket-table.ts';
import { ESTABLISHED, TIME_WAIT } from '../../agent/model/state.ts';
import { readings, settings } from './readings.ts';

/** Times in ms. */
const STEP = 10;
const MINUTE = 60_000;
/** A timer of a minute at HZ=250 ends at the next of these. */
const WHEEL = 2048;
/** What a walk over one taken port of the first parity costs, in ms: 5 ms for 14,116 of them. */
const WALK_MS = 5 / 14_116;
const LOCAL = 0x0a090001;
const REMOTE = 0x0a090002;

/** Deterministic, uniform in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Traffic {
  /** Opens wanted per second, by the time in s. */
  readonly rate: (seconds: number) => number;
  /** How long a connection lives, in s. */
  readonly life: (random: () => number, seconds: number) => number;
  /** Share of the connections that this host closes first. */
  readonly closedHere: number;
  /** Whether arrivals are a Poisson process, or evenly spaced. */
  readonly poisson: boolean;
  readonly remotePort: number;
}

export const PER_REQUEST: Traffic = {
  rate: () => 0,
  life: () => 0.005,
  closedHere: 1,
  poisson: true,
  remotePort: 8080,
};

/** The ports of one destination. */
class Ports {
  readonly low: number;
  readonly count: number;
  /** When what holds it ends; 0: free. */
  readonly end: Float64Array;
  /** 0 free, else the kernel's number. */
  readonly state: Uint8Array;
  readonly closesHere: Uint8Array;
  readonly timer: Float64Array;
  readonly inode: Uint32Array;
  used = 0;
  waiting = 0;
  private readonly free: number[][] = [[], []];
  /** Ports by the step in which something ends. */
  private readonly due = new Map<number, number[]>();
  private nextInode = 1;
  /** Called when a connection ends, with its number. */
  onClose: (connection: number) => void = () => undefined;

  constructor(low: number, count: number, random: () => number) {
    this.low = low;
    this.count = count;
    this.end = new Float64Array(count);
    this.state = new Uint8Array(count);
    this.closesHere = new Uint8Array(count);
    this.timer = new Float64Array(count);
    this.inode = new Uint32Array(count);
    for (let port = 0; port < count; port++) (this.free[port & 1] as number[]).push(port);
    for (const list of this.free) list.sort(() => random() - 0.5);
  }

  get firstFree(): number {
    return (this.free[0] as number[]).length;
  }

  /** The one opened last. */
  get lastOpened(): number {
    return this.nextInode - 1;
  }

  /** Opens one until `end`; false: there is no port. */
  open(end: number, closesHere: boolean): boolean {
    const port = (this.free[0] as number[]).pop() ?? (this.free[1] as number[]).pop();
    if (port === undefined) return false;
    this.used++;
    this.state[port] = ESTABLISHED;
    this.closesHere[port] = closesHere ? 1 : 0;
    this.inode[port] = this.nextInode++;
    this.at(port, end);
    return true;
  }

  private at(port: number, end: number): void {
    this.end[port] = end;
    if (!Number.isFinite(end)) return;
    const step = Math.ceil(end / STEP);
    const list = this.due.get(step);
    if (list === undefined) this.due.set(step, [port]);
    else list.push(port);
  }

  /** Ends what is due at `now`. */
  turn(now: number): void {
    const step = Math.round(now / STEP);
    const list = this.due.get(step);
    if (list === undefined) return;
    this.due.delete(step);
    for (const port of list) {
      if (this.state[port] === ESTABLISHED) this.onClose(this.inode[port] as number);
      if (this.state[port] === ESTABLISHED && this.closesHere[port] === 1) {
        this.state[port] = TIME_WAIT;
        this.inode[port] = 0;
        this.waiting++;
        this.timer[port] = now + MINUTE;
        this.at(port, Math.ceil((now + MINUTE) / WHEEL + 1e-9) * WHEEL);
      } else {
        if (this.state[port] === TIME_WAIT) this.waiting--;
        this.state[port] = 0;
        this.used--;
        (this.free[port & 1] as number[]).push(port);
      }
    }
  }

  /** Ends all that live at once: a process that is restarted. */
  closeAll(now: number): void {
    for (let port = 0; port < this.count; port++) {
      if (this.state[port] === ESTABLISHED) {
        this.closesHere[port] = 1;
        this.at(port, now + STEP);
      }
    }
  }
}

/** Sees each connection begin and end, by its number; what a NAT in between would see. Times in ms. */
export interface Onlooker {
  opened(remotePort: number, connection: number, now: number): void;
  closed(remotePort: number, connection: number, now: number): void;
}

export interface SimulatorOptions {
  readonly ports: number;
  readonly traffic: readonly Traffic[];
  readonly seconds: number;
  readonly seed: number;
  /** Cores that connect at once past the cliff. */
  readonly cores?: number;
  /** In s: everything is closed then. */
  readonly restarts?: readonly number[];
  /** The wall clock is set by so many ms, in that second. */
  readonly clock?: { readonly at: number; readonly jump: number };
  /** Nobody looks for so long, from that second on: the agent was stopped. */
  readonly pause?: { readonly at: number; readonly seconds: number };
  /** false: it is only played. */
  readonly isWatched?: boolean;
  /** Quotas of what is beyond this host; with them the kernel counts connect() calls and resets. */
  readonly nat?: readonly NatQuota[];
  readonly onlooker?: Onlooker;
}

export interface Seen {
  /** In s. */
  readonly at: number;
  readonly assessment: Assessment;
  readonly changed: readonly Alert[];
  /** What there was to see, of all destinations. */
  readonly pools: { readonly used: number; readonly waiting: number };
}

export interface Outcome {
  /** In s: when a connect() first failed; null: none did. */
  readonly exhaustedAt: number | null;
  readonly slowAt: number | null;
  readonly alerts: readonly { readonly at: number; readonly alert: Alert }[];
  readonly mostUsed: number;
  readonly failures: number;
  /** Used ports of the first destination, by the second. */
  readonly used: readonly number[];
}

export const RULES: AlertRules = {
  thresholds: DEFAULT_THRESHOLDS,
  overrides: [],
  labels: { instance: 'test' },
  runbookBase: 'https://example.com/runbook',
  dashboardUrl: null,
};

const TICK = 1000;
const BEAT = 330;
const EAGER_BEAT = 110;
const EAGER = 1000;

/** Runs the model, and looks at it as the daemon does: every second, and at the beat where it has risen. */
export function simulate(options: SimulatorOptions, onLook: (seen: Seen) => void = () => undefined): Outcome {
  const { traffic, seconds, seed, cores = 1, isWatched = true } = options;
  const next = random(seed);
  const low = 32768;
  const pools = traffic.map(() => new Ports(low, options.ports, next));
  const portSettings: PortSettings = { ...settings(), range: { low, high: low + options.ports - 1 } };
  for (const [index, pool] of pools.entries()) {
    const { remotePort } = traffic[index] as Traffic;
    pool.onClose = (connection) => options.onlooker?.closed(remotePort, connection, clock);
  }
  const table = new SocketTable();
  const correlator = new Correlator();
  const memory = new NamespaceMemory();
  const watch = new PoolWatch(options.nat ?? []);
  const book = new AlertBook(RULES);
  const alerts: { at: number; alert: Alert }[] = [];
  const used: number[] = [];
  const carry = traffic.map(() => 0);
  const budget = traffic.map(() => 0);
  let exhaustedAt: number | null = null;
  let slowAt: number | null = null;
  let mostUsed = 0;
  let failures = 0;
  let tried = 0;
  let seenSockets = 0;
  let eagerUntil = 0;
  const set = (now: number) => (options.clock !== undefined && now >= options.clock.at * 1000 ? options.clock.jump : 0);
  const wall = (now: number) => Date.UTC(2026, 0, 1) + now + set(now);
  const { pause } = options;
  const isPaused = (now: number) =>
    pause !== undefined && now >= pause.at * 1000 && now < (pause.at + pause.seconds) * 1000;
  let clock = 0;

  const look = (now: number): void => {
    table.reset();
    for (const [index, pool] of pools.entries()) fill(table, pool, (traffic[index] as Traffic).remotePort, now);
    seenSockets = table.rowCount;
    watch.prepare(memory);
    const counters = {
      socketsTimeWait: 0,
      activeOpens: tried,
      ...(options.nat === undefined ? {} : { estabResets: 0 }),
    };
    const report = correlator.assess(readings(table, portSettings, { counters }), memory, [], {
      now: wall(now),
      at: now,
    });
    const assessment = assess(
      {
        host: { name: 'test', kernel: '6.18', inventory: null },
        namespaces: [report],
        ...(options.nat === undefined ? {} : { pools: watch.report([{ memory, report }], now) }),
        gaps: [],
        collectors: [],
        tookMs: 1,
        trace: null,
      },
      wall(now),
    );
    const { changed } = book.update(assessment, wall(now), now);
    for (const alert of changed) alerts.push({ at: now / 1000, alert });
    const sum = (of: (pool: Ports) => number) => pools.reduce((total, pool) => total + of(pool), 0);
    onLook({
      at: now / 1000,
      assessment,
      changed,
      pools: { used: sum((pool) => pool.used), waiting: sum((pool) => pool.waiting) },
    });
  };

  // The daemon's ticks are at any moment of the traffic's seconds.
  const offset = Math.floor((next() * TICK) / STEP) * STEP;
  for (let now = 0; now <= seconds * 1000; now += STEP) {
    clock = now;
    for (const pool of pools) pool.turn(now);
    if (options.restarts?.some((at) => Math.round((at * 1000) / STEP) * STEP === now)) {
      for (const pool of pools) pool.closeAll(now);
    }
    for (const [index, one] of traffic.entries()) {
      const pool = pools[index] as Ports;
      const mean = (one.rate(now / 1000) * STEP) / 1000;
      let wanted = one.poisson ? poisson(mean, next) : 0;
      if (!one.poisson) {
        carry[index] = (carry[index] as number) + mean;
        wanted = Math.floor(carry[index] as number);
        carry[index] = (carry[index] as number) - wanted;
      }
      budget[index] = Math.min(STEP * cores, (budget[index] as number) + STEP * cores);
      for (; wanted > 0; wanted--) {
        if (pool.firstFree === 0) {
          slowAt ??= now / 1000;
          if ((budget[index] as number) <= 0) break;
          budget[index] = (budget[index] as number) - (WALK_MS * pool.count) / 2;
        }
        tried++;
        const life = one.life(next, now / 1000) * 1000;
        const end = Number.isFinite(life) ? now + Math.max(STEP, life) : life;
        if (pool.open(end, next() < one.closedHere)) {
          options.onlooker?.opened(one.remotePort, pool.lastOpened, now);
        } else {
          exhaustedAt ??= now / 1000;
          failures++;
        }
      }
      mostUsed = Math.max(mostUsed, pool.used);
    }
    if (now % 1000 === 0) used.push((pools[0] as Ports).used);
    const inTick = (now + offset) % TICK;
    const sockets = pools.reduce((sum, pool) => sum + pool.used, 0);
    const isEager = now < eagerUntil;
    const isBeat = isEager
      ? inTick % EAGER_BEAT === 0 && inTick <= 8 * EAGER_BEAT
      : inTick === BEAT || inTick === 2 * BEAT;
    const rise = options.ports * (isEager ? 0.005 : 0.02);
    const rises = sockets >= options.ports * 0.05 && sockets - seenSockets >= Math.max(1, rise);
    if (isWatched && isBeat && rises) eagerUntil = now + EAGER;
    if (isWatched && !isPaused(now) && (inTick === 0 || (isBeat && rises))) look(now);
  }
  return { exhaustedAt, slowAt, alerts, mostUsed, failures, used };
}

function fill(table: SocketTable, pool: Ports, remotePort: number, now: number): void {
  for (let port = 0; port < pool.count; port++) {
    const state = pool.state[port] as number;
    if (state === 0) continue;
    const isWaiting = state === TIME_WAIT;
    const left = isWaiting ? Math.max(0, Math.round(((pool.timer[port] as number) - now) / 10)) : 0;
    const inode = pool.inode[port] as number;
    table.addV4(LOCAL, pool.low + port, REMOTE, remotePort, state, isWaiting ? 3 : 0, left, 0, inode);
  }
}

function poisson(mean: number, next: () => number): number {
  if (mean <= 0) return 0;
  if (mean > 30) {
    // Near enough to a normal distribution (Box and Muller).
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let product = next();
  let count = 0;
  while (product > limit) {
    product *= next();
    count++;
  }
  return count;
}

/** The report of the destination that the first traffic goes to. */
export function firstOf(assessment: Assessment): DestinationReport | undefined {
  return assessment.namespaces[0]?.destinations.find(({ remotePort }) => remotePort === 8080);
}
