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
/** Of the live connections, with data that nobody reads. */
const UNREAD_RATIO = 0.2;
const LEAST_UNREAD = 5;

/**
 * Response bodies given up before their end: the connection cannot carry another request and is closed.
 * Probe: closes after the headers and before the end. Kernel alone: connections that are closed with data nobody has read
 * (TCPAbortOnClose; these end with a RST), or that lie about with it, where connections are not kept.
 */
export const unreadBody: Rule = (facts) => {
  const { probe, abortsPerSecond, live } = facts;
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
  if (!isKernels(facts) || opens === null) return null;
  const waiting = facts.report.states.time_wait ?? 0;
  if (abortsPerSecond !== null && abortsPerSecond >= Math.max(1, opens * ABORT_RATIO)) {
    return {
      cause: 'unread_body',
      confidence: 'likely',
      evidence: [
        `${rate(abortsPerSecond)} connections a second are closed here with data that nobody has read (TCPAbortOnClose), and ${rate(opens)} a second are opened`,
      ],
      portsBack: waiting,
      callSite: null,
    };
  }
  if (churn === null || live === null || live.unread < LEAST_UNREAD) return null;
  if (live.unread < live.connections * UNREAD_RATIO) return null;
  return {
    cause: 'unread_body',
    confidence: 'possible',
    evidence: [
      `${many(live.unread, 'connection')} of ${live.connections} hold data that nobody reads, and ${rate(churn)} a second are opened and closed`,
    ],
    portsBack: waiting,
    callSite: null,
  };
};
