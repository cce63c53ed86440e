import { closesFor, grouped, LEAST, lately, many, reuse, siteOf, waitingFor } from './evidence.ts';
import type { Rule } from './facts.ts';
import { isBurst } from './no-connection-limit.ts';

/** Of the connections opened. */
const IDLE_RATIO = 0.5;
/** So many requests on each are a gain. */
const LOW_REUSE = 3;

/** Connections are kept for a shorter time than passes from one request to the next. Only a probe tells. */
export const idleTimeoutChurn: Rule = (facts) => {
  const { probe } = facts;
  if (probe === null || isBurst(probe)) return null;
  const closes = closesFor(probe, ['idle_timeout']);
  const { opens } = probe.counts;
  if (closes < LEAST * 2 || closes < opens * IDLE_RATIO || reuse(probe) > LOW_REUSE) return null;
  return {
    cause: 'idle_timeout_churn',
    confidence: 'certain',
    evidence: [
      `${grouped(closes)} of ${many(opens, 'connection')} closed ${lately(probe)} after lying idle, having carried ${reuse(probe).toFixed(1)} requests each`,
    ],
    portsBack: waitingFor(facts, ['idle_timeout']),
    callSite: siteOf(probe, ['idle_timeout']),
  };
};
