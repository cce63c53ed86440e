import type { PlanChange, PlanClient, PlanQuestion } from '../model/plan.ts';
import { type Settled, settle, usableOf } from './plan-outcome.ts';

type PoolClient = Extract<PlanClient, { kind: 'pool' }>;

/** Nobody spreads requests farther. */
const MOST_DESTINATIONS = 10_000;
/** Below are the ports of services that need root. */
const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65535;
/** Shares are told in hundredths of a percent. */
const SHARE_STEPS = 10_000;
/** So many swings (roots) above its mean the number of requests under way seldom gets. */
const SELDOM_SWINGS = 2;

/**
 * The least change to each option that makes the question fit, everything else as it is; `notEnough` names those of which
 * no value does. The client's own ways come first, the kernel's
 * settings last.
 */
export function smallestChanges(
  question: PlanQuestion,
  settled: Settled,
): { readonly changes: readonly PlanChange[]; readonly notEnough: readonly string[] } {
  const found: { readonly option: string; readonly change: PlanChange | null }[] = [
    ...clientChanges(question, settled),
    { option: 'destinations', change: destinations(question) },
    { option: 'range', change: range(question) },
    ...(question.closes === 'local' ? [{ option: 'tw-reuse', change: twReuse(question) }] : []),
  ];
  return {
    changes: found.flatMap(({ change }) => (change === null ? [] : [change])),
    notEnough: found.flatMap(({ option, change }) => (change === null ? [option] : [])),
  };
}

const fits = (question: PlanQuestion): boolean => settle(question, usableOf(question)).verdict === 'fits';

function clientChanges(question: PlanQuestion, settled: Settled) {
  const { client } = question;
  if (client.kind === 'reuse') return [{ option: 'reuse', change: reuse(question) }];
  const single = [
    ...(settled.requestsQueue ? [{ option: 'max-per-host', change: maxPerHost(question, client, settled) }] : []),
    ...(client.maxIdle === null ? [] : [{ option: 'max-idle', change: maxIdle(question, client, settled) }]),
    ...(client.unreadShare === 0 ? [] : [{ option: 'unread-bodies', change: unreadBodies(question, client) }]),
  ];
  if (single.length < 2 || single.some(({ change }) => change !== null)) return single;
  const read = { ...client, unreadShare: 0 };
  const both = maxIdle({ ...question, client: read }, read, settled);
  if (both === null) return single;
  const change = {
    set: { ...both.set, 'unread-bodies': '0%' },
    means: `read every body to its end, and ${both.means}`,
  };
  return [...single, { option: 'max-idle and unread-bodies', change }];
}

function reuse(question: PlanQuestion): PlanChange | null {
  const step = smallest(SHARE_STEPS, (steps) =>
    fits({ ...question, client: { kind: 'reuse', reuseShare: steps / SHARE_STEPS } }),
  );
  if (step === null) return null;
  const requests = SHARE_STEPS / (SHARE_STEPS - step);
  const carries = Number.isFinite(requests)
    ? `${requests.toFixed(1)} requests a connection`
    : 'no connection is closed';
  return { set: { reuse: percent(step) }, means: `reuse connections: ${carries}` };
}

function maxIdle(question: PlanQuestion, client: PoolClient, { pool }: Settled): PlanChange | null {
  const ample = Math.ceil(Math.min(pool.concurrency, pool.maxPerHost));
  const least = smallest(ample * 2 + 100, (idle) => fits({ ...question, client: { ...client, maxIdle: idle } }));
  if (least === null) return null;
  const bursts = least < ample ? `; ${ample} if requests come in bursts` : '';
  return { set: { 'max-idle': String(least) }, means: `keep ${least} idle connections a host${bursts}` };
}

function unreadBodies(question: PlanQuestion, client: PoolClient): PlanChange | null {
  // The fewer the better, so that the search is for those that are read.
  const read = smallest(SHARE_STEPS, (steps) =>
    fits({ ...question, client: { ...client, unreadShare: (SHARE_STEPS - steps) / SHARE_STEPS } }),
  );
  if (read === null) return null;
  const share = percent(SHARE_STEPS - read);
  const means = read === SHARE_STEPS ? 'read every body to its end' : `read bodies to their end, all but ${share}`;
  return { set: { 'unread-bodies': share }, means };
}

function maxPerHost(question: PlanQuestion, client: PoolClient, { pool: { concurrency } }: Settled): PlanChange | null {
  const least = Math.floor(concurrency) + 1;
  if (!fits({ ...question, client: { ...client, maxPerHost: least } })) return null;
  const seldom = Math.ceil(concurrency + SELDOM_SWINGS * Math.sqrt(concurrency));
  const means = `allow ${least} connections a host, or the requests pile up; with ${seldom} few have to wait`;
  return { set: { 'max-per-host': String(least) }, means };
}

function destinations(question: PlanQuestion): PlanChange | null {
  const count = smallest(MOST_DESTINATIONS, (more) => fits({ ...question, destinations: more }), question.destinations);
  if (count === null) return null;
  const means = `spread over ${count} remote addresses or ports, or local addresses`;
  return { set: { destinations: String(count) }, means };
}

function range(question: PlanQuestion): PlanChange | null {
  const { low, high } = question.range;
  // Upwards first: services listen below. By steps of two, so that the first parity stays what it is.
  const up = Math.floor((HIGHEST_PORT - high) / 2);
  const down = Math.max(0, Math.floor((low - LOWEST_PORT) / 2));
  const wider = (steps: number) => ({
    low: low - 2 * Math.max(0, steps - up),
    high: high + 2 * Math.min(steps, up),
  });
  const steps = smallest(up + down, (count) => fits({ ...question, range: wider(count) }));
  if (steps === null) return null;
  const to = wider(steps);
  return { set: { range: `${to.low}-${to.high}` }, means: `net.ipv4.ip_local_port_range = ${to.low} ${to.high}` };
}

function twReuse(question: PlanQuestion): PlanChange | null {
  if (!fits({ ...question, twReuse: 'on' })) return null;
  return { set: { 'tw-reuse': '1' }, means: 'net.ipv4.tcp_tw_reuse = 1, if both sides use TCP timestamps' };
}

/** The least whole number from `low` to `high` that is enough, where all above one are; null: none is. */
function smallest(high: number, isEnough: (value: number) => boolean, low = 0): number | null {
  if (high < low || !isEnough(high)) return null;
  let [least, most] = [low, high];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (isEnough(middle)) most = middle;
    else least = middle + 1;
  }
  return most;
}

const percent = (steps: number): string => `${Number(((steps / SHARE_STEPS) * 100).toFixed(2))}%`;
