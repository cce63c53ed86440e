import { isShort, many } from './evidence.ts';
import type { Rule } from './facts.ts';

const LEAST_RATIO = 0.01;

/** Each port that somebody listens on inside the range is one that no connect() gets. The kernel tells. */
export const listenerInRange: Rule = ({ report, listenersInRange }) => {
  if (!isShort(report) || listenersInRange < Math.max(1, report.usablePorts * LEAST_RATIO)) return null;
  return {
    cause: 'listener_in_range',
    confidence: 'certain',
    evidence: [`${many(listenersInRange, 'port')} of the range are listened on, so that no connection can have them`],
    portsBack: listenersInRange,
    callSite: null,
  };
};
