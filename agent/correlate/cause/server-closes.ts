import { closesFor, isAtStake, isHabit, lately, many, percent, rate, siteOf, waitingFor } from './evidence.ts';
import type { Rule } from './facts.ts';

const REASONS = [
  'server_asked',
  'server_closed_idle',
  'server_closed_early',
  'server_closed_body',
  'server_reset',
  'eof_body',
] as const;
const WORDS = {
  server_asked: 'because its response said Connection: close',
  server_closed_idle: 'while idle',
  server_closed_early: 'before a response',
  server_closed_body: 'in the middle of a body',
  server_reset: 'with a reset',
  eof_body: 'because only that ends its body (no Content-Length, not chunked)',
};
/** Of all closes. */
const MOSTLY_RATIO = 0.8;
const FOLLOWED_RATIO = 0.2;
const LEAST_PER_SECOND = 5;
const RESET_RATIO = 0.3;

/**
 * The server ends the connections. That costs new ones, but hardly a port: TIME_WAIT is then the server's.
 * Probe: by reason. Kernel alone: who closes first.
 */
export const serverCloses: Rule = (facts) => {
  const { probe, report, abortsPerSecond } = facts;
  if (probe !== null) {
    const own = closesFor(probe, REASONS);
    // undici's Agent closes the rest of a client that has lost a connection so.
    const after = own > probe.counts.opens * FOLLOWED_RATIO ? closesFor(probe, ['client_closed']) : 0;
    const closes = own + after;
    if (own > 0 && isHabit(facts, closes)) {
      const kinds = REASONS.filter((reason) => closesFor(probe, [reason]) > 0).sort(
        (a, b) => closesFor(probe, [b]) - closesFor(probe, [a]),
      );
      return {
        cause: 'server_closes',
        confidence: 'certain',
        evidence: [
          ...kinds.map(
            (reason) =>
              `the server closed ${many(closesFor(probe, [reason]), 'connection')} ${lately(probe)} ${WORDS[reason]}`,
          ),
          `that is ${percent(closes, probe.counts.requests)} of the requests; of these connections ${many(waitingFor(facts, REASONS), 'port')} wait here`,
        ],
        portsBack: waitingFor(facts, REASONS),
        callSite: siteOf(probe, REASONS),
      };
    }
    if (probe.isAll) return null;
  }
  const { local, remote } = report.closesPerSecond;
  if (!isAtStake(report) || remote === null || remote < LEAST_PER_SECOND) return null;
  if (remote < (remote + (local ?? 0)) * MOSTLY_RATIO) return null;
  // What this side resets leaves as little behind as what the other side closes.
  if (abortsPerSecond === null || abortsPerSecond > remote * RESET_RATIO) return null;
  return {
    cause: 'server_closes',
    confidence: 'likely',
    evidence: [
      `${rate(remote)} connections a second are closed by the other side first, ${rate(local ?? 0)} by this one`,
    ],
    portsBack: 0,
    callSite: null,
  };
};
