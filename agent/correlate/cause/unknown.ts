import { grouped, liveOf } from './evidence.ts';
import type { Rule } from './facts.ts';

/** Ports are short and nothing says why: what would tell. */
export const unknown: Rule = ({ report, probe }) => {
  const waiting = report.states.time_wait ?? 0;
  return {
    cause: 'unknown',
    confidence: 'possible',
    evidence: [
      `${grouped(report.usedPorts)} ports are used: ${grouped(liveOf(report))} live, ${grouped(waiting)} in TIME_WAIT`,
      probe === null
        ? 'the kernel does not show why; a Node program with the probe would (--import lastport/probe)'
        : 'what the probe tells does not explain it',
    ],
    portsBack: 0,
    callSite: null,
  };
};
