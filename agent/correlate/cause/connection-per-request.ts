import type { CloseReason } from '../../model/probe.ts';
import {
  allCloses,
  churnPerSecond,
  closesFor,
  HARDLY_REUSED,
  isKernels,
  LEAST,
  lately,
  many,
  rate,
  reuse,
  siteOf,
  waitingFor,
} from './evidence.ts';
import type { CauseFacts, Rule } from './facts.ts';

/** Reasons that say nothing more than that. */
const VAGUE: readonly CloseReason[] = ['other', 'upgraded'];
const MOSTLY_RATIO = 0.5;
/** Programs that make one request and end, or whose usual library keeps no connection. */
const ONE_SHOT = /^(curl|wget|ab|http|httpie|python[\d.]*|ruby|php|perl|lwp-request)/;

/**
 * Each connection carries one request and is closed by this side.
 * Probe: as many connections as requests, for reasons that tell no more. Kernel alone: connections come and go, and no live
 * one has carried a second request.
 */
export const connectionPerRequest: Rule = (facts) => {
  const { probe, live, report } = facts;
  if (probe !== null && probe.counts.opens >= LEAST && reuse(probe) <= HARDLY_REUSED) {
    const vague = closesFor(probe, VAGUE);
    if (vague >= LEAST && vague >= allCloses(probe) * MOSTLY_RATIO) {
      return {
        cause: 'connection_per_request',
        confidence: 'certain',
        evidence: [
          `${many(probe.counts.requests, 'request')} on ${many(probe.counts.opens, 'new connection')} ${lately(probe)}`,
        ],
        portsBack: waitingFor(facts, VAGUE),
        callSite: siteOf(probe, VAGUE),
      };
    }
  }
  const churn = churnPerSecond(facts);
  if (!isKernels(facts) || churn === null) return null;
  if (live !== null && live.reused > 0) return null;
  const isSure = live !== null || isOneShot(facts);
  return {
    cause: 'connection_per_request',
    confidence: isSure ? 'likely' : 'possible',
    evidence: [
      `${rate(churn)} connections a second are opened, this host closes ${rate(report.closesPerSecond.local ?? churn)} of them, and each holds its port for another minute`,
      ...(live === null || live.connections === 0
        ? []
        : [`none of the ${live.connections} live ones has carried a second request`]),
      'keep-alive is off, each request makes a client of its own, or bodies are left unread: the kernel does not tell which',
    ],
    portsBack: report.states.time_wait ?? 0,
    callSite: null,
  };
};

function isOneShot({ report: { owners } }: CauseFacts): boolean {
  const [owner] = owners ?? [];
  return owner !== undefined && ONE_SHOT.test(owner.comm);
}
