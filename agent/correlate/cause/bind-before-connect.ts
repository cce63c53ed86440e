import { isAtStake, isShort, many, percent } from './evidence.ts';
import type { Rule } from './facts.ts';

const LEAST_RATIO = 0.05;
/** Of its own ports. */
const MOSTLY_RATIO = 0.5;

/** Sockets that bind() before they connect() take a port from all destinations, not from theirs alone. The kernel tells. */
export const bindBeforeConnect: Rule = ({ report, boundPorts, namespace: { bindPools } }) => {
  const pool = bindPools.find(({ local }) => local === report.local);
  if (pool === undefined) return null;
  const isPoolShort = pool.verdict === 'warning' || pool.verdict === 'critical';
  const isOwn = boundPorts > 0 && boundPorts >= report.usedPorts * MOSTLY_RATIO;
  const isBlocked = report.blockedPorts >= report.usablePorts * LEAST_RATIO;
  if (isOwn ? !isPoolShort && !isAtStake(report) : !isBlocked || !isShort(report)) return null;
  return {
    cause: 'bind_before_connect',
    confidence: 'certain',
    evidence: [
      `programs bind() to ${pool.local} before they connect(): ${many(pool.usedPorts, 'port')} of that pool are taken`,
      ...(isOwn
        ? [
            `${many(boundPorts, 'port')} (${percent(boundPorts, report.usedPorts)}) of this destination were chosen by bind()`,
          ]
        : []),
      ...(report.blockedPorts > 0
        ? [`${many(report.blockedPorts, 'port')} are blocked for this destination though it does not use them`]
        : []),
    ],
    portsBack: isOwn ? Math.max(report.blockedPorts, boundPorts) : report.blockedPorts,
    callSite: null,
  };
};
