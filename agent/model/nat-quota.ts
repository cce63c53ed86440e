import type { Address } from './address.ts';
import { isInside, type Network } from './network.ts';

/** What a NAT lends this host: how many ports, for what, and for how long it keeps them. */
export interface NatQuota {
  readonly name: string;
  /** Remote networks that are reached through it, less those of `except`. */
  readonly networks: readonly Network[];
  readonly except: readonly Network[];
  /** This host's share. */
  readonly ports: number;
  /**
   * destination: one port serves many destinations (remote address and port) at once, so each has so many;
   * machine: each connection takes one of them, wherever it goes.
   */
  readonly per: (typeof NAT_SCOPES)[number];
  /** For how long the port of a closed connection is not lent again. */
  readonly heldSeconds: number;
}

export const NAT_SCOPES = ['destination', 'machine'] as const;

export function isThrough({ networks, except }: NatQuota, remote: Address): boolean {
  return networks.some((one) => isInside(one, remote)) && !except.some((one) => isInside(one, remote));
}

/** 64:ff9b::/96, the prefix of NAT64 (RFC 6052, 2.1), as its first three words. */
const NAT64 = [0x0064ff9b, 0, 0] as const;

/** Where a NAT takes it: behind the prefix of NAT64 is an IPv4 address, and shares its ports. */
export function translated(remote: Address): Address {
  const [a, b, c, d] = remote;
  return d !== undefined && a === NAT64[0] && b === NAT64[1] && c === NAT64[2] ? [d] : remote;
}
