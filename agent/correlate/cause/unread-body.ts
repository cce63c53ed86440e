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
import { phantomsOf } from './phantom-reconnects.ts';

const REASONS = ['body_unread', 'body_collected'] as const;
/** Closed with unread data, of the connections opened: more than a few clients that hang up. */
const ABORT_RATIO = 0.3;
const LEAST_ABORTS = 2;

/**
 * Response bodies given up before their end: the connection cannot carry another request and is closed.
 * Probe: closes after the headers and before the end. Kernel alone: connections that are closed with data nobody has read
 * (TCPAbortOnClose; these end with a RST).
 */
export const unreadBody: Rule = (facts) => {
  const { probe, abortsPerSecond } = facts;
  if (probe !== null) {
    const closes = closesFor(probe, REASONS);
    if (isHabit(facts, closes)) {
      const collected = closesFor(probe, ['body_collected']);
      return {
        cause: 'unread_body',
        confidence: 'certain',
        evidence: [
          `${many(closes, 'connection')} closed ${lately(probe)} because a response was given up before its end, ${percent(closes, probe.counts.requests)} of the requests`,
          ...(collected > 0
            ? [`${grouped(collected)} of them only when the garbage collector found the response`]
            : []),
        ],
        portsBack: waitingFor(facts, REASONS) + phantomsOf(facts, REASONS),
        callSite: siteOf(probe, REASONS),
      };
    }
  }
  const churn = churnPerSecond(facts);
  const opens = facts.report.opensPerSecond ?? churn;
  if (!isKernels(facts) || abortsPerSecond === null || abortsPerSecond < LEAST_ABORTS) return null;
  // A reset leaves nothing in the table by which connections could be counted.
  if (opens === null ? (facts.report.states.established ?? 0) === 0 : abortsPerSecond < opens * ABORT_RATIO)
    return null;
  return {
    cause: 'unread_body',
    confidence: opens === null ? 'possible' : 'likely',
    evidence: [
      `${rate(abortsPerSecond)} connections a second are closed in this namespace with data that nobody has read (TCPAbortOnClose)${opens === null ? '' : `, and ${rate(opens)} a second are opened to this destination`}`,
    ],
    portsBack: facts.report.states.time_wait ?? 0,
    callSite: null,
  };
};
