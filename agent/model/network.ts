import { type Address, formatAddress, parseAddress } from './address.ts';

/** A block of addresses, as CIDR notation has it (RFC 4632, RFC 4291 2.3). */
export interface Network {
  readonly address: Address;
  readonly bits: number;
}

/** "10.0.0.0/8", "fd00::/8", an address alone; null if it is none, or has bits set beyond its prefix. */
export function parseNetwork(text: string): Network | null {
  const [, base = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(base);
  if (address === null) return null;
  const bits = digits === undefined ? address.length * 32 : Number(digits);
  if (bits > address.length * 32) return null;
  const isClean = address.every((word, index) => (word & ~maskOf(bits, index)) >>> 0 === 0);
  return isClean ? { address, bits } : null;
}

export const formatNetwork = ({ address, bits }: Network): string => `${formatAddress(address)}/${bits}`;

export function isInside({ address, bits }: Network, one: Address): boolean {
  if (address.length !== one.length) return false;
  return address.every((word, index) => ((word ^ (one[index] as number)) & maskOf(bits, index)) === 0);
}

/** Of the word number `index`: 1 where the prefix counts. */
function maskOf(bits: number, index: number): number {
  const inWord = Math.min(32, Math.max(0, bits - index * 32));
  return inWord === 0 ? 0 : (-1 << (32 - inWord)) >>> 0;
}
