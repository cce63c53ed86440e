import {
  churnPerSecond,
  closesFor,
  grouped,
  isHabit,
  isKernels,
  lately,
  many,
  percent,
  rate,
  siteOf,
  waitingFor,
} from './evidence.ts';
import type { Rule } from './facts.ts';

/** Of the live connections, used more than once: some are kept. */
const REUSED_RATIO = 0.1;
/** From fewer, it may be one program's good connection beside another's churn. */
const TELLING_LIVE = 2;

/**
 * The pool keeps fewer idle connections than become free at once: what is too much is closed, and opened again.
 * Probe: an agent that destroys what it gets back. Kernel alone: connections are closed here in quantity, while some are
 * used again and again.
 */
export const idlePoolTooSmall: Rule = (facts) => {
  const { probe, live, report } = facts;
  if (probe !== null) {
    const closes = closesFor(probe, ['idle_limit']);
    if (isHabit(facts, closes)) {
      return {
        cause: 'idle_pool_too_small',
        confidence: 'certain',
        evidence: [
          `${grouped(closes)} of ${many(probe.counts.opens, 'connection')} closed ${lately(probe)} although they could be used again: more were free than the agent keeps`,
          `up to ${many(probe.marks.concurrent, 'request')} are under way at once`,
        ],
        portsBack: waitingFor(facts, ['idle_limit']),
        callSite: siteOf(probe, ['idle_limit']),
      };
    }
  }
  const churn = churnPerSecond(facts);
  if (!isKernels(facts) || churn === null || live === null || live.connections === 0) return null;
  if (live.reused < Math.max(1, live.connections * REUSED_RATIO)) return null;
  return {
    cause: 'idle_pool_too_small',
    confidence: live.connections >= TELLING_LIVE ? 'likely' : 'possible',
    evidence: [
      `${rate(churn)} connections a second are opened, and this host closes ${rate(report.closesPerSecond.local ?? churn)} of them`,
      `yet ${live.reused} of ${live.connections} live ones (${percent(live.reused, live.connections)}) have carried several requests: some are kept, not enough`,
    ],
    portsBack: report.states.time_wait ?? 0,
    callSite: null,
  };
};
