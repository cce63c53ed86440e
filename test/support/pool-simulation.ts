// A connection pool, request by request: what comes at random, what each finds, and what of it holds ports. It shares
// nothing with the formulas that are held against it.
import { random } from './simulator.ts';

export interface SimulatedPool {
  readonly requestsPerSecond: number;
  /** In s: on average, or of each request. */
  readonly latency: number;
  readonly latencies: 'exponential' | 'constant';
  readonly maxIdle: number;
  readonly maxPerHost: number;
  readonly unreadShare: number;
  /** In s. */
  readonly seconds: number;
  /** In s: from then on it is measured. */
  readonly from: number;
  readonly seed: number;
  /** How many requests come at once; by default one. */
  readonly burst?: number;
  /** Ports of each parity, and for how long one is held after a close, in s; without it only the pool is simulated. */
  readonly ports?: { readonly first: number; readonly second: number; readonly held: (now: number) => number };
}

export interface PoolRun {
  readonly opensPerRequest: number;
  /** Averages over time. */
  readonly idle: number;
  readonly portsUsed: number;
  /** In s; null: never. */
  readonly slowAt: number | null;
  readonly exhaustedAt: number | null;
}

/** Closed at `now`, a port is free again after a minute, at the next turn of the timer wheel (HZ=250). */
export const HELD_BY_TIMER = (now: number): number => Math.ceil((now + 60) / 2.048 + 1e-9) * 2.048 - now;

export function simulatePool(options: SimulatedPool): PoolRun {
  const { requestsPerSecond, latency, latencies, maxIdle, maxPerHost, unreadShare, seconds, from, burst = 1 } = options;
  const next = random(options.seed);
  const exponential = (mean: number) => -mean * Math.log(1 - next());
  const gap = burst / requestsPerSecond;
  const busy = new Heap();
  const ports = new Parities(options.ports ?? null);
  let arrival = exponential(gap);
  let idle = 0;
  let connections = 0;
  let queued = 0;
  let requests = 0;
  let opens = 0;
  let idleSeconds = 0;
  let portSeconds = 0;
  let now = 0;

  const start = (at: number) => {
    if (at >= from) requests++;
    busy.push(at + (latencies === 'constant' ? latency : exponential(latency)));
  };
  const open = (at: number) => {
    connections++;
    if (at >= from) opens++;
    ports.take(at);
    start(at);
  };
  const close = (at: number) => {
    connections--;
    ports.close(at);
  };

  while (now < seconds) {
    const then = Math.min(arrival, busy.first(), ports.nextReturn());
    const measured = Math.max(0, Math.min(then, seconds) - Math.max(now, from));
    idleSeconds += idle * measured;
    portSeconds += ports.used * measured;
    now = then;
    if (now === ports.nextReturn()) {
      ports.giveBack();
    } else if (now === arrival) {
      arrival = now + exponential(gap);
      for (let one = 0; one < burst; one++) {
        if (idle > 0) {
          idle--;
          start(now);
        } else if (connections < maxPerHost) open(now);
        else queued++;
      }
    } else {
      busy.pop();
      if (next() < unreadShare) {
        close(now);
        if (queued > 0) {
          queued--;
          open(now);
        }
      } else if (queued > 0) {
        queued--;
        start(now);
      } else if (idle < maxIdle) idle++;
      else close(now);
    }
  }
  const measured = seconds - from;
  return {
    opensPerRequest: opens / requests,
    idle: idleSeconds / measured,
    portsUsed: portSeconds / measured,
    slowAt: ports.slowAt,
    exhaustedAt: ports.exhaustedAt,
  };
}

/** Ports by parity. Which of them a closed connection had is drawn by shares: the oldest first. */
class Parities {
  used = 0;
  slowAt: number | null = null;
  exhaustedAt: number | null = null;
  private readonly limits: SimulatedPool['ports'] | null;
  private readonly free: [number, number];
  /** 0 or 1, of those open. */
  private readonly open: number[] = [];
  /** When each comes back, in order. */
  private readonly due: { readonly at: number; readonly parity: number }[] = [];
  private returned = 0;

  constructor(limits: SimulatedPool['ports'] | null) {
    this.limits = limits;
    this.free = [limits?.first ?? 0, limits?.second ?? 0];
  }

  take(now: number): void {
    if (this.limits === null) return;
    const parity = this.free[0] > 0 ? 0 : 1;
    if (this.free[0] === 0) this.slowAt ??= now;
    if (this.free[parity] === 0) this.exhaustedAt ??= now;
    // Beyond the last one it goes on, so that the level it would settle at is seen.
    this.free[parity]--;
    this.used++;
    this.open.push(parity);
  }

  close(now: number): void {
    if (this.limits == null) return;
    this.due.push({ at: now + this.limits.held(now), parity: this.open.shift()! });
  }

  nextReturn(): number {
    return this.due[this.returned]?.at ?? Number.POSITIVE_INFINITY;
  }

  giveBack(): void {
    const { parity } = this.due[this.returned++]!;
    this.free[parity as 0 | 1]++;
    this.used--;
  }
}

/** Times, the least first. */
class Heap {
  private readonly times: number[] = [];

  first(): number {
    return this.times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(time: number): void {
    const { times } = this;
    let index = times.push(time) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (times[parent]! <= time) break;
      times[index] = times[parent]!;
      index = parent;
    }
    times[index] = time;
  }

  pop(): void {
    const { times } = this;
    const time = times.pop()!;
    if (times.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= times.length) break;
      if (child + 1 < times.length && times[child + 1]! < times[child]!) child++;
      if (times[child]! >= time) break;
      times[index] = times[child]!;
      index = child;
    }
    times[index] = time;
  }
}
