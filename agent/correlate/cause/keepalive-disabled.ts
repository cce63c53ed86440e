import { closesFor, isHabit, lately, many, percent, siteOf, waitingFor } from './evidence.ts';
import type { Rule } from './facts.ts';

const REASONS = ['client_asked', 'head_request', 'pipelining_off', 'request_limit'] as const;
/** undici's agents end a client that has had its number of requests. */
const ENDED_BY_LIMIT = 'client_closed';
const WORDS = {
  client_asked: 'because the request said Connection: close (reset: true, a header, or an agent without keepAlive)',
  head_request: 'after a HEAD, after which undici always closes',
  pipelining_off: 'because of pipelining: 0',
  request_limit: 'because of maxRequestsPerClient',
  client_closed: 'with a client that had made its number of requests (maxRequestsPerClient)',
};

/** The program itself asks for the end of the connection with each request. Only a probe tells. */
export const keepaliveDisabled: Rule = (facts) => {
  const { probe } = facts;
  if (probe === null) return null;
  const reasons = closesFor(probe, ['request_limit']) > 0 ? ([...REASONS, ENDED_BY_LIMIT] as const) : REASONS;
  const closes = closesFor(probe, reasons);
  if (!isHabit(facts, closes)) return null;
  const kinds = reasons
    .filter((reason) => closesFor(probe, [reason]) > 0)
    .sort((a, b) => closesFor(probe, [b]) - closesFor(probe, [a]));
  return {
    cause: 'keepalive_disabled',
    confidence: 'certain',
    evidence: kinds.map(
      (reason) =>
        `${many(closesFor(probe, [reason]), 'connection')} closed ${lately(probe)} ${WORDS[reason]}, ${percent(closesFor(probe, [reason]), probe.counts.requests)} of the requests`,
    ),
    portsBack: waitingFor(facts, reasons),
    callSite: siteOf(probe, reasons),
  };
};
