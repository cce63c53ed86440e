import type { PlanLoad, PlanOutcome, PlanQuestion, PlanVerdict } from '../model/plan.ts';
import { PORTS, type UsablePorts, usablePorts } from '../model/port-settings.ts';
import { REUSE_DELAY_BEFORE_6_14_MS } from './flow.ts';
import { type IdlePool, poolLevel } from './idle-pool.ts';
import { type Held, runOff } from './run-off.ts';
import { newTimeWaitClock, TIME_WAIT_MS, USUALLY_LATE_MS } from './time-wait-clock.ts';

/** What a question comes to at one of its destinations. */
export interface Settled {
  readonly outcome: PlanOutcome;
  readonly verdict: PlanVerdict;
  readonly requestsQueue: boolean;
  readonly servedPerSecond: number;
  /** null: only the connections' lives are known. */
  readonly concurrency: number | null;
  readonly openConnections: number;
  readonly pool: IdlePool;
}

/** Range less reserved. */
export function usableOf({ range, reserved }: Pick<PlanQuestion, 'range' | 'reserved'>): UsablePorts {
  const set = new Uint8Array(PORTS);
  for (const { low, high } of reserved) set.fill(1, low, high + 1);
  const unknown = { twReuse: null, twReuseDelayMs: null, timestamps: null, finTimeoutMs: null, maxTwBuckets: null };
  return usablePorts({ range, reserved: set, ...unknown });
}

export function settle(question: PlanQuestion, usable: UsablePorts): Settled {
  const perSecond = question.requestsPerSecond / question.destinations;
  const concurrency = concurrencyOf(question.load, perSecond, question.destinations);
  const pool = poolOf(question, concurrency);
  const requestsQueue = concurrency >= pool.maxPerHost;
  const busy = Math.min(concurrency, pool.maxPerHost);
  const servedPerSecond = requestsQueue ? (perSecond * busy) / concurrency : perSecond;
  const level = poolLevel(pool);
  const opensPerSecond = servedPerSecond * level.opensPerRequest;
  // A connection's own life says it all: nothing is known of what it does in that time.
  const isTimed = question.load.kind === 'lifetime';
  const openConnections = isTimed ? opensPerSecond * lifetime(question.load) : busy + level.idle;
  const outcome = outcomeOf(question, usable, {
    opensPerSecond,
    openConnections,
    firstOpens: isTimed ? 0 : level.firstOpens,
  });
  const isSlow = outcome.slowConnectInSeconds !== null || requestsQueue;
  const verdict = outcome.exhaustedInSeconds !== null ? 'exhausted' : isSlow ? 'slow' : 'fits';
  return {
    outcome,
    verdict,
    requestsQueue,
    servedPerSecond,
    concurrency: isTimed ? null : concurrency,
    openConnections,
    pool,
  };
}

const lifetime = (load: PlanLoad): number => (load.kind === 'lifetime' ? load.seconds : 0);

/** Little's law. */
function concurrencyOf(load: PlanLoad, perSecond: number, destinations: number): number {
  return load.kind === 'concurrency' ? load.requests / destinations : perSecond * load.seconds;
}

/** A share that is reused, however, is a pool that keeps all but the rest. */
function poolOf({ client }: PlanQuestion, concurrency: number): IdlePool {
  const isPool = client.kind === 'pool';
  return {
    concurrency,
    maxIdle: (isPool ? client.maxIdle : null) ?? Number.POSITIVE_INFINITY,
    maxPerHost: (isPool ? client.maxPerHost : null) ?? Number.POSITIVE_INFINITY,
    unreadShare: isPool ? client.unreadShare : 1 - client.reuseShare,
  };
}

export interface PlanFlow {
  readonly opensPerSecond: number;
  readonly openConnections: number;
  /** Opened at once when it starts. */
  readonly firstOpens: number;
}

const NO_TIME_WAIT = newTimeWaitClock();

export function outcomeOf(question: PlanQuestion, usable: UsablePorts, flow: PlanFlow): PlanOutcome {
  const { opensPerSecond, openConnections } = flow;
  const [mean, longest] = heldSeconds(question);
  return {
    opensPerSecond,
    settlesAtPorts: openConnections + opensPerSecond * mean,
    peakUsedPorts: openConnections + opensPerSecond * longest,
    slowConnectInSeconds: usable.firstParityCount === 0 ? null : secondsTo(usable.firstParityCount, flow, longest),
    exhaustedInSeconds: secondsTo(usable.count, flow, longest),
  };
}

/**
 * For how long a closed connection holds its port, on average and at most. All timers that end between two turns of the
 * wheel end at the second one, so that just before it those are all there that any timer may hold.
 */
function heldSeconds({ closes, twReuse, loopback }: PlanQuestion): readonly [mean: number, longest: number] {
  // Whoever closes first has the TIME_WAIT; the port of a server's is the service's.
  if (closes === 'remote') return [0, 0];
  if (twReuse === 'on' || (twReuse === 'loopback' && loopback)) {
    const seconds = REUSE_DELAY_BEFORE_6_14_MS / 1000;
    return [seconds, seconds];
  }
  return [(TIME_WAIT_MS + USUALLY_LATE_MS / 2) / 1000, (TIME_WAIT_MS + USUALLY_LATE_MS) / 1000];
}

/** Until `limit` ports are in use. All are of the first parity while there are any of it. */
function secondsTo(
  limit: number,
  { opensPerSecond, openConnections, firstOpens }: PlanFlow,
  held: number,
): number | null {
  if (opensPerSecond === 0) return openConnections >= limit ? 0 : null;
  const open = Math.min(firstOpens, openConnections);
  const now: Held = { limit, firstLimit: 0, used: open, usedFirst: 0, clock: NO_TIME_WAIT, earlier: 0 };
  const inflow = {
    perSecond: opensPerSecond,
    slope: 0,
    slopeSeconds: 0,
    endsPerSecond: openConnections === 0 ? Number.POSITIVE_INFINITY : opensPerSecond / openConnections,
    closedHere: held === 0 ? 0 : 1,
    open,
    heldSeconds: held,
    timeWaitCap: Number.POSITIVE_INFINITY,
  };
  return runOff(now, inflow, 0, Number.POSITIVE_INFINITY).exhausted;
}
