import { grouped, isShort } from './evidence.ts';
import type { Rule } from './facts.ts';

/** Linux's own: 32768 to 60999. */
const DEFAULT_PORTS = 28_232;
/** A demand that would fill even that is not the range's fault. */
const FITS_RATIO = 0.8;

/** The host lends fewer ports than Linux does by default, and with those there would be enough. The kernel tells. */
export const rangeTooSmall: Rule = ({ report, namespace: { range } }) => {
  if (range === null || !isShort(report)) return null;
  const size = range.high - range.low + 1;
  const demand = report.forecast.peakUsedPorts ?? report.usedPorts;
  if (size >= DEFAULT_PORTS || demand + report.blockedPorts > DEFAULT_PORTS * FITS_RATIO) return null;
  return {
    cause: 'range_too_small',
    confidence: 'certain',
    evidence: [
      `ip_local_port_range ${range.low} ${range.high} has ${grouped(size)} ports; the default has ${grouped(DEFAULT_PORTS)}, and some ${grouped(demand)} are asked for`,
    ],
    portsBack: 0,
    callSite: null,
  };
};
