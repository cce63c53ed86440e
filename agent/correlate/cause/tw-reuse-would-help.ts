import { isLoopback, parseAddress } from '../../model/address.ts';
import { grouped, isShort, percent } from './evidence.ts';
import type { Rule } from './facts.ts';

const MOSTLY_RATIO = 0.5;

/** Most used ports wait in TIME_WAIT, and this host does not let connect() take them over. The kernel tells. */
export const twReuseWouldHelp: Rule = ({ report, namespace: { twReuse } }) => {
  const waiting = report.states.time_wait ?? 0;
  if (!isShort(report) || waiting < report.usedPorts * MOSTLY_RATIO || waiting === 0) return null;
  const address = parseAddress(report.remote);
  const isOff = twReuse === 'off' || (twReuse === 'loopback' && address !== null && !isLoopback(address));
  if (!isOff) return null;
  return {
    cause: 'tw_reuse_would_help',
    confidence: 'possible',
    evidence: [
      `${grouped(waiting)} of ${grouped(report.usedPorts)} used ports (${percent(waiting, report.usedPorts)}) are in TIME_WAIT, and tcp_tw_reuse does not lend them again`,
    ],
    portsBack: Math.max(0, waiting - report.reusablePorts),
    callSite: null,
  };
};
