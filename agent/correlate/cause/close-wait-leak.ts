import { many, percent, rate } from './evidence.ts';
import type { Rule } from './facts.ts';

const LEAST_CLOSE_WAIT = 50;
const MOSTLY_RATIO = 0.5;

/** The peer has closed, and this host's program does not: CLOSE_WAIT lasts for ever. The kernel tells. */
export const closeWaitLeak: Rule = ({ report: { states, usedPorts }, growth }) => {
  const waiting = states.close_wait ?? 0;
  const isMost = waiting >= usedPorts * MOSTLY_RATIO;
  if (waiting < LEAST_CLOSE_WAIT || (growth.closeWaitPerSecond === null && !isMost)) return null;
  return {
    cause: 'close_wait_leak',
    confidence: growth.closeWaitPerSecond === null ? 'likely' : 'certain',
    evidence: [
      `${many(waiting, 'connection')} (${percent(waiting, usedPorts)}) are in CLOSE_WAIT: the other side has closed them, this program has not`,
      ...(growth.closeWaitPerSecond === null ? [] : [`${rate(growth.closeWaitPerSecond)} more each second`]),
    ],
    portsBack: waiting,
    callSite: null,
  };
};
