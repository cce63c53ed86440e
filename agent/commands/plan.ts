import { type Config, UsageError } from '../config/config.ts';
import { plan as answer } from '../correlate/plan.ts';
import { usableOf } from '../correlate/plan-outcome.ts';
import type { PlanAnswer, PlanClient, PlanLoad, PlanQuestion, PlanVerdict } from '../model/plan.ts';

const EXIT_CODES: Readonly<Record<PlanVerdict, number>> = { fits: 0, slow: 1, exhausted: 2 };
/** A request within a data centre. */
const DEFAULT_LATENCY_MS = 5;

export interface PlanParts {
  readonly render: (answer: PlanAnswer) => string;
  readonly stdout: (text: string) => void;
}

/** `lastport plan`: what if? Returns the exit code. Throws a UsageError for options that do not go together. */
export function plan(config: Config, { render, stdout }: PlanParts): number {
  const found = answer(questionOf(config));
  stdout(config.format === 'json' ? `${JSON.stringify(found)}\n` : render(found));
  return EXIT_CODES[found.verdict];
}

export function questionOf(config: Config): PlanQuestion {
  const { rate, destinations, closes, range, twReuse, loopback } = config;
  if (rate === null) throw new UsageError('--rate: missing; give the requests a second, as in --rate 4000');
  const question: PlanQuestion = {
    requestsPerSecond: rate,
    destinations,
    client: clientOf(config),
    load: loadOf(config),
    closes,
    range,
    reserved: config.reserved.flat(),
    twReuse,
    loopback,
  };
  if (usableOf(question).count === 0) {
    throw new UsageError(`--reserved: leaves no port of ${range.low}-${range.high}; reserve fewer`);
  }
  return question;
}

function clientOf(config: Config): PlanClient {
  const { reuseShare, maxIdle, maxPerHost, unreadShare } = config;
  const poolOption = poolOptionOf(config);
  if (poolOption === null) return { kind: 'reuse', reuseShare: reuseShare ?? 0 };
  if (reuseShare !== null) {
    throw new UsageError(`--reuse and ${poolOption}: give one; a pool's limits say how many requests it reuses`);
  }
  if (config.closes === 'remote') {
    throw new UsageError(`--closes: "remote" will not do with ${poolOption}; a pool closes on this side, use local`);
  }
  return { kind: 'pool', maxIdle, maxPerHost, unreadShare: unreadShare ?? 0 };
}

function loadOf(config: Config): PlanLoad {
  const { concurrency, latencyMs, lifetimeMs } = config;
  const given = [
    ...(concurrency === null ? [] : ['--concurrency']),
    ...(latencyMs === null ? [] : ['--latency']),
    ...(lifetimeMs === null ? [] : ['--lifetime']),
  ];
  if (given.length > 1) {
    throw new UsageError(`${given.join(' and ')}: give one; with the rate, the others follow from it`);
  }
  const poolOption = poolOptionOf(config);
  if (lifetimeMs !== null && poolOption !== null) {
    throw new UsageError(`--lifetime: a pool decides that, by ${poolOption}; give --concurrency or --latency`);
  }
  if (concurrency !== null) return { kind: 'concurrency', requests: concurrency };
  if (lifetimeMs !== null) return { kind: 'lifetime', seconds: lifetimeMs / 1000 };
  return { kind: 'latency', seconds: (latencyMs ?? DEFAULT_LATENCY_MS) / 1000 };
}

/** An option that tells of a pool, if one was given. */
function poolOptionOf({ maxIdle, maxPerHost, unreadShare }: Config): string | null {
  if (maxIdle !== null) return '--max-idle';
  if (maxPerHost !== null) return '--max-per-host';
  return unreadShare !== null ? '--unread-bodies' : null;
}
