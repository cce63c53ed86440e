import type { PlanAnswer, PlanLoad, PlanOutcome, PlanQuestion } from '../model/plan.ts';
import type { UsablePorts } from '../model/port-settings.ts';
import { burstOpens } from './idle-pool.ts';
import { smallestChanges } from './plan-changes.ts';
import { outcomeOf, type Settled, settle, usableOf } from './plan-outcome.ts';

/** Between these, per second, the highest rate is looked for; beyond it is any. */
const LEAST_REQUESTS = 0.01;
const MOST_REQUESTS = 1e9;
const PRECISION = 1e-5;
/** Nearer to a limit than this, chance decides: arrivals that come at random scatter by 1 %, and no input is exact. */
const NEAR_RATIO = 0.05;

/** The answer to a what-if question, from the question alone. */
export function plan(question: PlanQuestion): PlanAnswer {
  const usable = usableOf(question);
  const settled = settle(question, usable);
  const { outcome, openConnections, verdict } = settled;
  const { changes, notEnough } =
    verdict === 'fits' ? { changes: [], notEnough: [] } : smallestChanges(question, settled);
  return {
    schema: 'lastport/1',
    asked: question,
    verdict,
    isNear: [usable.count, usable.firstParityCount].some(
      (limit) => Math.abs(outcome.peakUsedPorts - limit) < limit * NEAR_RATIO,
    ),
    requestsQueue: settled.requestsQueue,
    usablePorts: usable.count,
    fastPorts: usable.firstParityCount,
    servedPerSecond: rounded(settled.servedPerSecond, 2),
    concurrency: settled.concurrency === null ? null : rounded(settled.concurrency, 2),
    ...roundedOutcome(outcome),
    openConnections: Math.round(openConnections),
    timeWaitPorts: Math.round(outcome.settlesAtPorts) - Math.round(openConnections),
    inBursts: inBursts(question, settled, usable),
    sustainablePerSecond: sustainable(question, usable, (one) => one.outcome.exhaustedInSeconds === null),
    fastPerSecond: sustainable(question, usable, (one) => one.verdict === 'fits'),
    changes,
    notEnough,
  };
}

/** What bursts make of a pool: nothing new where it keeps as many connections as there are. */
function inBursts(question: PlanQuestion, { pool, servedPerSecond }: Settled, usable: UsablePorts): PlanOutcome | null {
  const atOnce = Math.min(pool.concurrency, pool.maxPerHost);
  if (question.client.kind !== 'pool' || pool.maxIdle >= atOnce) return null;
  const opensPerSecond = servedPerSecond * burstOpens(pool);
  return roundedOutcome(outcomeOf(question, usable, { opensPerSecond, openConnections: atOnce, firstOpens: atOnce }));
}

/**
 * The highest rate of requests, everything else as asked, up to which all is well; rounded down. Requests take as long
 * as they did, so that more of them are under way when more come.
 */
function sustainable(
  question: PlanQuestion,
  usable: UsablePorts,
  isWell: (settled: Settled) => boolean,
): number | null {
  const load = withLatency(question);
  const holds = (requestsPerSecond: number) => {
    const settled = settle({ ...question, load, requestsPerSecond }, usable);
    return !settled.requestsQueue && isWell(settled);
  };
  let high = LEAST_REQUESTS;
  while (holds(high)) {
    if (high >= MOST_REQUESTS) return null;
    high *= 2;
  }
  if (high === LEAST_REQUESTS) return 0;
  let low = high / 2;
  while (high - low > low * PRECISION) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low >= 1000 ? Math.floor(low) : Math.floor(low * 10) / 10;
}

function withLatency({ load, requestsPerSecond }: PlanQuestion): PlanLoad {
  return load.kind === 'concurrency' ? { kind: 'latency', seconds: load.requests / requestsPerSecond } : load;
}

function roundedOutcome(outcome: PlanOutcome): PlanOutcome {
  return {
    opensPerSecond: rounded(outcome.opensPerSecond, 2),
    settlesAtPorts: Math.round(outcome.settlesAtPorts),
    peakUsedPorts: Math.round(outcome.peakUsedPorts),
    slowConnectInSeconds: roundedSeconds(outcome.slowConnectInSeconds),
    exhaustedInSeconds: roundedSeconds(outcome.exhaustedInSeconds),
  };
}

const roundedSeconds = (seconds: number | null): number | null => (seconds === null ? null : rounded(seconds, 2));

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
