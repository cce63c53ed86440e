/** A client's connections to one host. Limits may be Infinity. */
export interface IdlePool {
  /** Requests under way at once, on average, were there no limit: rate × latency. */
  readonly concurrency: number;
  /** Idle connections that are kept. */
  readonly maxIdle: number;
  /** Connections that there may be; requests beyond wait for one. */
  readonly maxPerHost: number;
  /** Share of the requests, 0 to 1, after which the connection is closed. */
  readonly unreadShare: number;
}

export interface PoolLevel {
  /** Connections opened for each request that is served, on average. */
  readonly opensPerRequest: number;
  readonly idle: number;
  /** Opened beyond that at the start, when there is no connection yet. */
  readonly firstOpens: number;
}

/**
 * How often a pool opens a connection, where requests come at random (Poisson). A request takes an idle connection or
 * opens one; when it has been answered the connection is kept unless `maxIdle` are, or its body was not read.
 *
 * What comes and what ends are, in short times, two equal random streams, so that the number of idle connections
 * wanders up and down between 0 and `maxIdle` and is 0 at one of maxIdle + 1 requests. Only a pool that is larger than the
 * swings of the number under way, the root of the concurrency, does better. Bursts do worse: see burstOpens.
 */
export function poolLevel(pool: IdlePool): PoolLevel {
  const { concurrency, maxIdle, maxPerHost, unreadShare } = pool;
  if (concurrency >= maxPerHost) return { opensPerRequest: unreadShare, idle: 0, firstOpens: maxPerHost };
  const kept = wander(concurrency, maxIdle, maxPerHost);
  const firstOpens = Math.min(maxPerHost, concurrency * filling(maxIdle, unreadShare));
  if (unreadShare === 0) return { ...kept, firstOpens };
  // As a pool of so many idle connections would that is small beside the concurrency: there the walk is plain.
  const places = 1 / kept.opensPerRequest;
  return {
    opensPerRequest: openShare(places, unreadShare),
    idle: Math.min(kept.idle, meanIdle(maxIdle, unreadShare)),
    firstOpens,
  };
}

/** The same for requests that all start at once and all end at once: every round finds only what was kept. */
export function burstOpens({ concurrency, maxIdle, maxPerHost, unreadShare }: IdlePool): number {
  const atOnce = Math.min(concurrency, maxPerHost);
  return atOnce === 0 ? 1 : 1 - Math.min(maxIdle, (1 - unreadShare) * atOnce) / atOnce;
}

/** A walk over `places` that goes down with each request and up with each whose body was read: how often it is at 0. */
function openShare(places: number, unreadShare: number): number {
  // 1 − (1 − share)^places, exact for the smallest shares too.
  return unreadShare / -Math.expm1(places * Math.log1p(-unreadShare));
}

function meanIdle(maxIdle: number, unreadShare: number): number {
  let sum = 0;
  let total = 0;
  let weight = 1;
  for (let idle = 0; idle <= maxIdle && weight > 1e-9; idle++) {
    total += weight;
    sum += idle * weight;
    weight *= 1 - unreadShare;
  }
  return sum / total;
}

const FILLING_STEPS = 512;

/**
 * Opened at the start beyond the usual, as a share of the concurrency: while x of it is under way less ends than comes,
 * and dx/dt = (1 − x)/latency.
 */
function filling(maxIdle: number, unreadShare: number): number {
  const share = (x: number) => {
    const up = x * (1 - unreadShare);
    // Kept for each that comes: at 1 the walk above is even.
    return up === 1 ? 1 / (maxIdle + 1) : (1 - up) / (1 - up ** (maxIdle + 1));
  };
  let sum = 0;
  for (let step = 0; step < FILLING_STEPS; step++) {
    const x = (step + 0.5) / FILLING_STEPS;
    sum += (share(x) - share(1)) / (1 - x);
  }
  return sum / FILLING_STEPS;
}

/** From so many swings (roots of the concurrency) on a pool as good as never runs empty. */
const AMPLE_SWINGS = 8;
/** So many above its mean the number under way gets in a while. */
const PEAK_SWINGS = 4;
const NEGLIGIBLE = 1e-12;

/**
 * Where every body is read, exactly: an M/M/∞ queue (n under way, mean c) with at most k idle, in at most `most`
 * connections. States are m = n + idle connections, of which n are busy:
 *
 *     m      n = m−k ── … ── n = m      n goes up with a request, down with an answer
 *            │ an answer closes one     │ a request opens one
 *     m−1 or m+1
 *
 * In balance the flow J(m) from m up to m+1 equals the one down, and within m a net flow J(m) − J(m−1) goes up from state
 * to state. That gives each state from the one above it, and each J from the one below.
 */
function wander(c: number, k: number, most: number): { opensPerRequest: number; idle: number } {
  if (k === 0) return { opensPerRequest: 1, idle: 0 };
  const swing = Math.sqrt(c);
  if (k >= most || k >= AMPLE_SWINGS * (swing + 1)) {
    return { opensPerRequest: 0, idle: Math.max(0, Math.min(PEAK_SWINGS * swing + 1, k, most - c)) };
  }
  const flows = flowsBetween(c, k, most);
  let total = 0;
  let idleSum = 0;
  let opens = 0;
  const addLevel = (m: number, top: number, net: number) => {
    let state = top;
    for (let idle = 0; idle <= k; idle++) {
      total += state;
      idleSum += idle * state;
      state = Math.max(0, ((m - idle) / c) * state + net / c);
    }
  };
  for (const [m, flow] of flows) {
    opens += flow;
    addLevel(m, flow / c, flow - (flows.get(m - 1) ?? 0));
  }
  const last = flows.get(most - 1);
  if (last !== undefined) {
    // All that may be are open; with none idle, requests wait.
    const { sum, product } = products(c, k, most);
    const top = (last * (sum / c + 1 / (most - k))) / product;
    addLevel(most, top, -last);
    total += (top * (c / most)) / (1 - c / most);
  }
  return { opensPerRequest: opens / (c * total), idle: idleSum / total };
}

/** J by m, as far as it matters, in any unit. */
function flowsBetween(c: number, k: number, most: number): ReadonlyMap<number, number> {
  const ratio = (m: number) => {
    const { sum, product } = products(c, k, m);
    return (sum + c / (m - k)) / (product + sum);
  };
  const middle = Math.max(k, Math.min(Math.round(c + k / 2), most - 1));
  const flows = new Map([[middle, 1]]);
  let greatest = 1;
  let flow = 1;
  for (let m = middle + 1; m < most && flow > NEGLIGIBLE * greatest; m++) {
    flow *= ratio(m);
    greatest = Math.max(greatest, flow);
    flows.set(m, flow);
  }
  flow = 1;
  for (let m = middle; m > k && flow > NEGLIGIBLE * greatest; m--) {
    flow /= ratio(m);
    greatest = Math.max(greatest, flow);
    flows.set(m - 1, flow);
  }
  return flows;
}

/** From the state with n = m down to n = m − k: the product of n/c, and the sum of those products that start in between. */
function products(c: number, k: number, m: number): { sum: number; product: number } {
  let sum = 0;
  let product = 1;
  for (let step = 1; step <= k; step++) {
    sum += product;
    product *= (m - k + step) / c;
  }
  return { sum, product };
}
