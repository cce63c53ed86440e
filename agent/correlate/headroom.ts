import type { Headroom } from '../model/assessment.ts';
import type { UsablePorts } from '../model/port-settings.ts';
import type { FlowCounts } from './flow.ts';
import { BLOCKED, INBOUND, MAYBE_BLOCKED, type PortKinds } from './port-kinds.ts';

/** What holds for every destination of one network namespace. */
export interface NamespacePorts {
  readonly usable: UsablePorts;
  readonly kinds: PortKinds;
  /** Usable ports that connect() skips for every destination. */
  readonly blocked: number;
  readonly blockedFirstParity: number;
  /** Usable ports in use that bind() or connect() chose, nobody told which. */
  readonly maybeBlocked: number;
  readonly maybeBlockedFirstParity: number;
  /** Sockets that may hold a port and are in no row: bound but unconnected, or rows that could not be read. */
  readonly unseen: number;
}

/** Counts the ports that a namespace's listeners and connections take from everybody. */
export function namespacePorts(usable: UsablePorts, kinds: PortKinds, unseen: number): NamespacePorts {
  let blocked = 0;
  let blockedFirstParity = 0;
  let maybeBlocked = 0;
  let maybeBlockedFirstParity = 0;
  for (let port = usable.low; port <= usable.high; port++) {
    if (usable.set[port] === 0) continue;
    const kind = kinds[port];
    const first = 1 - ((port - usable.low) & 1);
    if (kind === INBOUND || kind === BLOCKED) {
      blocked++;
      blockedFirstParity += first;
    } else if (kind === MAYBE_BLOCKED) {
      maybeBlocked++;
      maybeBlockedFirstParity += first;
    }
  }
  return { usable, kinds, blocked, blockedFirstParity, maybeBlocked, maybeBlockedFirstParity, unseen };
}

type Counted = Omit<FlowCounts, 'states' | 'rows'>;

const UNUSED: Counted = {
  used: 0,
  usedFirstParity: 0,
  blocked: 0,
  blockedFirstParity: 0,
  maybeBlocked: 0,
  maybeBlockedFirstParity: 0,
  reusable: 0,
  reusableFirstParity: 0,
  surelyReusable: 0,
  usesLow: false,
  usesHigh: false,
};

/**
 * usable − (used ∪ blocked) + reusable: how many connect() calls would succeed now, and how many of them before the
 * first parity is gone.
 */
export function headroom(ports: NamespacePorts, counts: Counted = UNUSED): Headroom {
  const { usable } = ports;
  const blocked = ports.blocked - counts.blocked;
  const blockedFirstParity = ports.blockedFirstParity - counts.blockedFirstParity;
  const maybeBlocked = ports.maybeBlocked - counts.maybeBlocked;
  const free = usable.count - counts.used - blocked;
  const certainlyFree = free - maybeBlocked + counts.surelyReusable - ports.unseen - outOfReach(ports, counts);
  return {
    usablePorts: usable.count,
    usedPorts: counts.used,
    blockedPorts: blocked,
    maybeBlockedPorts: maybeBlocked,
    reusablePorts: counts.reusable,
    headroomPorts: free + counts.reusable,
    headroomPortsLow: Math.max(0, certainlyFree),
    fastHeadroomPorts:
      usable.firstParityCount - counts.usedFirstParity - blockedFirstParity + counts.reusableFirstParity,
  };
}

/** The same if every port that may be blocked were: what asking the kernel could make of it. */
export function headroomIfBlocked(ports: NamespacePorts, counts: Counted = UNUSED): Headroom {
  const best = headroom(ports, counts);
  const lost = best.maybeBlockedPorts + counts.reusable - counts.surelyReusable;
  return {
    ...best,
    headroomPorts: best.headroomPorts - lost,
    fastHeadroomPorts:
      best.fastHeadroomPorts -
      (ports.maybeBlockedFirstParity - counts.maybeBlockedFirstParity) -
      Math.min(counts.reusableFirstParity, counts.reusable - counts.surelyReusable),
  };
}

/**
 * An odd-sized range is walked as `size − 1` ports from a start that differs from call to call: it covers the lowest
 * port or the highest, not both, so while one of them is free a connect() may be refused with one port left
 * (`remaining &= ~1U` in __inet_hash_connect). Both are of the first parity.
 */
export function outOfReach(ports: NamespacePorts, counts: Pick<FlowCounts, 'usesLow' | 'usesHigh'> = UNUSED): number {
  const { low, high, set } = ports.usable;
  if (((high - low) & 1) === 1 || high === low) return 0;
  const isFree = (port: number, used: boolean) =>
    set[port] === 1 && !used && ports.kinds[port] !== INBOUND && ports.kinds[port] !== BLOCKED;
  return isFree(low, counts.usesLow) || isFree(high, counts.usesHigh) ? 1 : 0;
}
