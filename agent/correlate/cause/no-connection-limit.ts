import type { ProbeView } from '../../model/probe.ts';
import { failures, HARDLY_REUSED, lately, liveOf, many, reuse } from './evidence.ts';
import type { Rule } from './facts.ts';

/** Any client may open so many at once. */
const MANY_AT_ONCE = 100;
/** Of the connections there were at once, with a request under way. */
const BUSY_RATIO = 0.5;
/** Of those opened: still there, or ended by nothing but time. */
const KEPT_RATIO = 0.5;
/** What is as good for most servers. */
const ENOUGH = 50;

/** Each request of a burst got a connection of its own, for that one request. */
export function isBurst(probe: ProbeView): boolean {
  const { open, concurrent } = probe.marks;
  const { opens, closes } = probe.counts;
  if (open < MANY_AT_ONCE || opens < MANY_AT_ONCE || concurrent < open * BUSY_RATIO) return false;
  // Where connections fail, undici's Agent closes the client that has the others.
  const given = failures(probe) > 0 ? (closes.client_closed ?? 0) : 0;
  const kept = (closes.idle_timeout ?? 0) + given + probe.gauges.open;
  return kept >= opens * KEPT_RATIO && reuse(probe) <= HARDLY_REUSED;
}

/** Nothing limits the connections to one place, so a burst of requests is a burst of ports. Only a probe tells. */
export const noConnectionLimit: Rule = ({ probe, report }) => {
  if (probe === null || !isBurst(probe)) return null;
  // Stuck in unread bodies, they are no burst of requests.
  if (probe.gauges.unread >= probe.gauges.open / 2 && probe.gauges.unread > 0) return null;
  const { open, concurrent } = probe.marks;
  const inUse = (report.states.time_wait ?? 0) + liveOf(report);
  return {
    cause: 'no_connection_limit',
    confidence: 'certain',
    evidence: [
      `${many(concurrent, 'request')} at once took ${many(open, 'connection')}, which carried ${reuse(probe).toFixed(1)} requests each ${lately(probe)}`,
    ],
    portsBack: Math.max(0, Math.min(inUse, open) - ENOUGH),
    callSite: null,
  };
};
