import { grouped, isShort, percent } from './evidence.ts';
import type { Rule } from './facts.ts';

const LEAST_RATIO = 0.2;

/** A good part of the range is kept from connect() by ip_local_reserved_ports. The kernel tells. */
export const reservedTooMuch: Rule = ({ report, namespace: { range, reservedPorts } }) => {
  if (range === null || reservedPorts === null || !isShort(report)) return null;
  const size = range.high - range.low + 1;
  if (reservedPorts < size * LEAST_RATIO) return null;
  return {
    cause: 'reserved_too_much',
    confidence: 'certain',
    evidence: [
      `ip_local_reserved_ports takes ${grouped(reservedPorts)} of the ${grouped(size)} ports of the range (${percent(reservedPorts, size)})`,
    ],
    portsBack: 0,
    callSite: null,
  };
};
