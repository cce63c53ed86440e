import type { Headroom } from '../../../agent/model/assessment.ts';

/** Shares of the usable ports, in percent, from left to right; the rest is free. */
export interface Bar {
  readonly live: number;
  readonly waiting: number;
  readonly blocked: number;
  /** Where the cliff is: when what is used gets there, connect() becomes slow. */
  readonly cliff: number;
}

/** `waiting`: ports in TIME_WAIT. */
export function barOf({ usablePorts, usedPorts, blockedPorts, fastHeadroomPorts }: Headroom, waiting: number): Bar {
  const share = (ports: number) => (usablePorts === 0 ? 0 : (Math.max(0, ports) / usablePorts) * 100);
  const used = share(Math.min(usedPorts, usablePorts));
  return {
    live: share(usedPorts - waiting),
    waiting: share(waiting),
    blocked: Math.min(share(blockedPorts), 100 - used),
    cliff: Math.min(100, share(usedPorts + blockedPorts + fastHeadroomPorts)),
  };
}
