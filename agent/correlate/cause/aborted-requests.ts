import { closesFor, isHabit, lately, many, percent, siteOf, waitingFor } from './evidence.ts';
import type { Rule } from './facts.ts';
import { phantomsOf } from './phantom-reconnects.ts';

const REASONS = ['aborted', 'headers_timeout', 'body_timeout'] as const;
const WORDS = {
  aborted: 'aborted by the program or its own timeout',
  headers_timeout: 'without a response in time (headersTimeout)',
  body_timeout: 'with a body that stopped coming (bodyTimeout)',
};

/** Requests given up before their response: HTTP/1.1 cannot take one back but by closing. Only a probe tells. */
export const abortedRequests: Rule = (facts) => {
  const { probe } = facts;
  if (probe === null) return null;
  const closes = closesFor(probe, REASONS);
  if (!isHabit(facts, closes)) return null;
  const kinds = REASONS.filter((reason) => closesFor(probe, [reason]) > 0);
  return {
    cause: 'aborted_requests',
    confidence: 'certain',
    evidence: [
      `${many(closes, 'request')} given up ${lately(probe)}, ${percent(closes, probe.counts.requests)} of all, and their connections with them`,
      ...kinds.map((reason) => `${many(closesFor(probe, [reason]), 'request')} ${WORDS[reason]}`),
    ],
    portsBack: waitingFor(facts, REASONS) + phantomsOf(facts, REASONS),
    callSite: siteOf(probe, REASONS),
  };
};
