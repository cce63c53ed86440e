import { liveOf, many, rate } from './evidence.ts';
import type { Rule } from './facts.ts';

const LEAST_LIVE = 50;

/** Live connections become more and more: something opens them and never closes. */
export const connectionLeak: Rule = ({ report, growth, probe }) => {
  const live = liveOf(report);
  if (growth.livePerSecond === null || live < LEAST_LIVE) return null;
  const { idle = 0, open = 0 } = probe?.gauges ?? {};
  return {
    cause: 'connection_leak',
    confidence: 'likely',
    evidence: [
      `${many(live, 'connection')} are open, ${rate(growth.livePerSecond)} more each second without a break`,
      ...(probe !== null && open > 0 ? [`the program has ${open} of them, ${idle} without anything to do`] : []),
    ],
    portsBack: live,
    callSite: null,
  };
};
