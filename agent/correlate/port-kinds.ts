import { PORTS, type UsablePorts } from '../model/port-settings.ts';
import type { SocketTable } from '../model/socket-table.ts';

// What a local port is to connect(), one byte a port.

/** Nobody has it. */
const FREE = 0;
/** A service's: it listens, or is what a listener left behind. Blocked for every destination. */
export const INBOUND = 1;
/** bind() chose it, so that connect() skips it for every destination (__inet_hash_connect). */
export const BLOCKED = 2;
/** In use, and nobody told who chose it: blocked if bind() did. */
export const MAYBE_BLOCKED = 3;
/** In use, and connect() chose it: only its own destination cannot have it again. */
export const CHOSEN = 4;

export type PortKinds = Uint8Array;

/**
 * Fills in the kind of every usable port; of the others only which are INBOUND. `inbound`: by port, 1 where it is a
 * service's. `answers`: by port, BLOCKED or CHOSEN where the kernel was asked; `traced`: where it was traced.
 */
export function fillPortKinds(
  kinds: PortKinds,
  usable: UsablePorts,
  table: SocketTable,
  inbound: Uint8Array,
  answers: Uint8Array | null,
  traced: Uint8Array | null = null,
): void {
  // 1 is INBOUND, 0 is FREE.
  kinds.set(inbound);
  for (let port = usable.low; port <= usable.high; port++) {
    if (usable.set[port] === 0 || kinds[port] !== FREE) continue;
    if (table.bound[port] === 1) kinds[port] = BLOCKED;
    else if (table.inUse[port] === 1) kinds[port] = answers?.[port] || traced?.[port] || MAYBE_BLOCKED;
  }
}

export const newPortKinds = (): PortKinds => new Uint8Array(PORTS);
