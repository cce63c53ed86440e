import type { CloseReason } from '../../model/probe.ts';
import { closesFor, LEAST, lately, many, waitingFor } from './evidence.ts';
import type { CauseFacts, Rule } from './facts.ts';

/** What makes undici connect again for nothing: a connection lost under a request. */
const MAKERS = ['body_unread', 'body_collected', 'aborted', 'headers_timeout', 'body_timeout'] as const;
const LEAST_RATIO = 0.1;

/** Connections that never carried a request. Only a probe tells: to the kernel they are short ones. */
export const phantomReconnects: Rule = (facts) => {
  const { probe } = facts;
  if (probe === null) return null;
  const closed = closesFor(probe, ['phantom']);
  const { unused } = probe.gauges;
  const all = closed + unused;
  if (all < LEAST || all < probe.counts.opens * LEAST_RATIO) return null;
  return {
    cause: 'phantom_reconnects',
    confidence: 'certain',
    evidence: [
      `${many(closed, 'connection')} closed ${lately(probe)} without having carried a request${unused > 0 ? `, and ${unused} more are open` : ''}`,
      ...(closesFor(probe, MAKERS) > 0
        ? ['undici before 8.12 opens one each time that a connection is lost under a request']
        : []),
    ],
    portsBack: waitingFor(facts, ['phantom']) + unused,
    callSite: null,
  };
};

/** Of the phantoms' ports, those that closes for these reasons brought about. */
export function phantomsOf(facts: CauseFacts, reasons: readonly CloseReason[]): number {
  const { probe } = facts;
  if (probe === null) return 0;
  const makers = closesFor(probe, MAKERS);
  const share = makers === 0 ? 0 : closesFor(probe, reasons) / makers;
  return Math.round(share * (waitingFor(facts, ['phantom']) + probe.gauges.unused));
}
