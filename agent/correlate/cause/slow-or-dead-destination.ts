import { isAtStake, LEAST, lately, liveOf, many, percent } from './evidence.ts';
import type { Rule } from './facts.ts';

const SYN_RATIO = 0.3;
const FAILED_RATIO = 0.5;
const UNREACHABLE = [
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNRESET',
  'ECONNABORTED',
];

/** Nobody answers, and each attempt holds a port until it is given up. Kernel: SYN_SENT. Probe: the errors. */
export const slowOrDeadDestination: Rule = ({ report, probe }) => {
  const trying = report.states.syn_sent ?? 0;
  const { connectErrors, opens } = probe?.counts ?? { connectErrors: {} as Record<string, number>, opens: 0 };
  const codes = UNREACHABLE.filter((code) => (connectErrors[code] ?? 0) > 0);
  const failed = codes.reduce((sum, code) => sum + (connectErrors[code] ?? 0), 0);
  const isTrying = trying >= LEAST && trying >= liveOf(report) * SYN_RATIO;
  const isFailing = failed >= LEAST && failed >= (failed + opens) * FAILED_RATIO;
  if (!isFailing && !(isTrying && (isAtStake(report) || trying >= liveOf(report) / 2))) return null;
  return {
    cause: 'slow_or_dead_destination',
    confidence: isFailing ? 'certain' : 'likely',
    evidence: [
      ...(isTrying
        ? [
            `${many(trying, 'connection')} (${percent(trying, report.usedPorts)} of the used ports) wait for an answer (SYN_SENT)`,
          ]
        : []),
      ...(isFailing && probe !== null
        ? [`${many(failed, 'attempt')} failed ${lately(probe)} (${codes.join(', ')}), ${opens} came through`]
        : []),
    ],
    portsBack: trying,
    callSite: null,
  };
};
