import type { Headroom } from '../model/assessment.ts';
import type { UsablePorts } from '../model/port-settings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import type { FlowCounts } from './flow.ts';

/** What holds for every destination of one network namespace. */
export interface NamespacePorts {
  readonly usable: UsablePorts;
  /** Usable ports whose bucket bind() made: connect() skips them for every destination (__inet_hash_connect). */
  readonly blocked: number;
  readonly blockedFirstParity: number;
  readonly blocksLow: boolean;
  readonly blocksHigh: boolean;
  /** Usable ports in use anywhere, by connect() or bind(): /proc does not tell by which. Blocked ones not counted. */
  readonly inUse: number;
  /** Sockets that may hold a port and are in no row: bound but unconnected, or rows that could not be read. */
  readonly unseen: number;
}

/** Counts the ports that a namespace's listeners and connections take from everybody. */
export function namespacePorts(
  usable: UsablePorts,
  table: SocketTable,
  inbound: Uint8Array,
  unlistedSockets: number | null,
): NamespacePorts {
  let blocked = 0;
  let blockedFirstParity = 0;
  let inUse = 0;
  for (let port = usable.low; port <= usable.high; port++) {
    if (usable.set[port] === 0) continue;
    if (inbound[port] === 1) {
      blocked++;
      blockedFirstParity += 1 - ((port - usable.low) & 1);
    } else if (table.inUse[port] === 1) {
      inUse++;
    }
  }
  return {
    usable,
    blocked,
    blockedFirstParity,
    blocksLow: inbound[usable.low] === 1,
    blocksHigh: inbound[usable.high] === 1,
    inUse,
    unseen: table.unreadRows + (unlistedSockets ?? Number.POSITIVE_INFINITY),
  };
}

const UNUSED = { used: 0, usedFirstParity: 0, reusable: 0, reusableFirstParity: 0, usesLow: false, usesHigh: false };

/**
 * usable − (used ∪ blocked) + reusable: how many connect() calls would succeed now, and how many of them before the
 * first parity is gone. Used and blocked do not overlap here: rows on a blocked port are not counted as used.
 */
export function headroom(ports: NamespacePorts, counts: Omit<FlowCounts, 'states' | 'rows'> = UNUSED): Headroom {
  const { usable, blocked } = ports;
  const free = usable.count - counts.used - blocked;
  const maybeBlocked = ports.inUse - counts.used;
  const certainlyFree = free - maybeBlocked - ports.unseen - outOfReach(ports, counts);
  return {
    usablePorts: usable.count,
    usedPorts: counts.used,
    blockedPorts: blocked,
    maybeBlockedPorts: maybeBlocked,
    reusablePorts: counts.reusable,
    headroomPorts: free + counts.reusable,
    // /proc shows of a TIME_WAIT neither whether its peer used timestamps nor whether it was bound: either would make
    // it not reusable. So the low bound counts none.
    headroomPortsLow: Math.max(0, certainlyFree),
    fastHeadroomPorts:
      usable.firstParityCount - counts.usedFirstParity - ports.blockedFirstParity + counts.reusableFirstParity,
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
  const lowFree = set[low] === 1 && !ports.blocksLow && !counts.usesLow;
  const highFree = set[high] === 1 && !ports.blocksHigh && !counts.usesHigh;
  return lowFree || highFree ? 1 : 0;
}
