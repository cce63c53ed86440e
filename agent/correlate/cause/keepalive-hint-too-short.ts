import { closesFor, isHabit, lately, many, siteOf, waitingFor } from './evidence.ts';
import type { Rule } from './facts.ts';

/** The server keeps idle connections for so short a time that the client does not use them again. Only a probe tells. */
export const keepaliveHintTooShort: Rule = (facts) => {
  const { probe } = facts;
  if (probe === null) return null;
  const closes = closesFor(probe, ['keepalive_hint']);
  if (!isHabit(facts, closes)) return null;
  const hint = probe.keepAliveHintSeconds;
  return {
    cause: 'keepalive_hint_too_short',
    confidence: 'certain',
    evidence: [
      `${many(closes, 'connection')} closed ${lately(probe)} right after use, because the server says Keep-Alive: timeout=${hint ?? '?'}`,
    ],
    portsBack: waitingFor(facts, ['keepalive_hint']),
    callSite: siteOf(probe, ['keepalive_hint']),
  };
};
