import { closesFor, isHabit, lately, many, percent, siteOf, waitingFor } from './evidence.ts';
import type { Rule } from './facts.ts';

const REASONS = ['client_asked', 'head_request', 'pipelining_off', 'request_limit'] as const;
const WORDS = {
  client_asked: 'because the request said Connection: close (reset: true, a header, or an agent without keepAlive)',
  head_request: 'after a HEAD, after which undici always closes',
  pipelining_off: 'because of pipelining: 0',
  request_limit: 'because of maxRequestsPerClient',
};

/** The program itself asks for the end of the connection with each request. Only a probe tells. */
export const keepaliveDisabled: Rule = (facts) => {
  const { probe } = facts;
  if (probe === null) return null;
  const closes = closesFor(probe, REASONS);
  if (!isHabit(facts, closes)) return null;
  const kinds = REASONS.filter((reason) => closesFor(probe, [reason]) > 0).sort(
    (a, b) => closesFor(probe, [b]) - closesFor(probe, [a]),
  );
  return {
    cause: 'keepalive_disabled',
    confidence: 'certain',
    evidence: kinds.map(
      (reason) =>
        `${many(closesFor(probe, [reason]), 'connection')} closed ${lately(probe)} ${WORDS[reason]}, ${percent(closesFor(probe, [reason]), probe.counts.requests)} of the requests`,
    ),
    portsBack: waitingFor(facts, REASONS),
    callSite: siteOf(probe, REASONS),
  };
};
