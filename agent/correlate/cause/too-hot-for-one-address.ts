import { isShort, liveOf, many, percent } from './evidence.ts';
import type { Rule } from './facts.ts';

/** Of the usable ports, with live connections. */
const LIVE_RATIO = 0.5;
/** Of them, with a request under way. */
const BUSY_RATIO = 0.7;

/**
 * So much is under way at once that one pair of addresses has not the ports for it, however well connections are used.
 * Probe: nearly all of them are busy. Kernel alone: they live, and do not become more.
 */
export const tooHotForOneAddress: Rule = ({ report, probe, growth }) => {
  const live = liveOf(report);
  if (!isShort(report) || live < report.usablePorts * LIVE_RATIO || growth.livePerSecond !== null) return null;
  const isBusy = probe !== null && probe.marks.concurrent >= live * BUSY_RATIO;
  if (probe !== null && !isBusy) return null;
  return {
    cause: 'too_hot_for_one_address',
    confidence: isBusy ? 'likely' : 'possible',
    evidence: [
      `${many(live, 'connection')} live at once, ${percent(live, report.usablePorts)} of the ports that there are for one pair of addresses`,
      ...(isBusy ? [`${many(probe.marks.concurrent, 'request')} are under way on them`] : []),
    ],
    portsBack: 0,
    callSite: null,
  };
};
