import { isKernels, LEAST, many, percent, rate, siteOf } from './evidence.ts';
import type { Rule } from './facts.ts';

const UNREAD_RATIO = 0.3;

/**
 * Responses that the program has and neither reads nor gives up: their connections stay open for good.
 * Probe: bodies without progress for a second, with data waiting. Kernel alone: live connections with data that nobody
 * reads, more and more of them.
 */
export const leakedBody: Rule = ({ probe, live, growth, report, ...rest }) => {
  const { unread = 0, open = 0 } = probe?.gauges ?? {};
  if (probe !== null && unread >= LEAST && unread >= open * UNREAD_RATIO) {
    return {
      cause: 'leaked_body',
      confidence: 'certain',
      evidence: [`${many(unread, 'connection')} of ${open} are held by a response that nobody reads on`],
      portsBack: unread,
      callSite: siteOf(probe, ['unread']),
    };
  }
  if (!isKernels({ probe, live, growth, report, ...rest }) || live === null || growth.livePerSecond === null)
    return null;
  if (live.unread < LEAST || live.unread < live.connections * UNREAD_RATIO) return null;
  return {
    cause: 'leaked_body',
    confidence: 'likely',
    evidence: [
      `${many(live.unread, 'connection')} of ${live.connections} (${percent(live.unread, live.connections)}) hold data that nobody reads, and there are ${rate(growth.livePerSecond)} more a second`,
    ],
    portsBack: live.unread,
    callSite: null,
  };
};
