import { isAtStake, many } from './evidence.ts';
import type { Rule } from './facts.ts';

const LEAST_RATIO = 0.05;

/** Sockets that bind() before they connect() take a port from all destinations, not from theirs alone. The kernel tells. */
export const bindBeforeConnect: Rule = ({ report, namespace: { bindPools } }) => {
  const pool = bindPools.find(({ local }) => local === report.local);
  if (pool === undefined) return null;
  const isPoolShort = pool.verdict === 'warning' || pool.verdict === 'critical';
  const isBlocked = isAtStake(report) && report.blockedPorts >= report.usablePorts * LEAST_RATIO;
  if (!isPoolShort && !isBlocked) return null;
  return {
    cause: 'bind_before_connect',
    confidence: 'certain',
    evidence: [
      `programs bind() to ${pool.local} before they connect(): ${many(pool.usedPorts, 'port')} of that pool are taken`,
      `${many(report.blockedPorts, 'port')} are blocked for this destination though it does not use them`,
    ],
    portsBack: report.blockedPorts,
    callSite: null,
  };
};
