import { type Address, formatAddress, parseAddress } from '../agent/model/address.ts';
import type { Libc } from './libc.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
/** struct sockaddr_in6, the longer of the two. */
const ADDRESS_BYTES = 28;

/**
 * The local address that the kernel would connect to `remote` from, in the calling thread's network namespace: what
 * route.ts asks by way of node:dgram, which knows no other namespace than the process's. Canonical text; null if it would
 * not connect at all.
 */
export function routeHere(libc: Libc, remote: string, port: number): string | null {
  const address = parseAddress(remote);
  if (address === null) return null;
  const fd = libc.socket(address.length === 1 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return null;
  try {
    const target = socketAddress(address, port);
    if (libc.connect(fd, target, target.length) < 0) return null;
    const own = new Uint8Array(ADDRESS_BYTES);
    const length = new Uint8Array(new Uint32Array([own.length]).buffer);
    return libc.getsockname(fd, own, length) < 0 ? null : formatAddress(addressOf(own));
  } finally {
    libc.close(fd);
  }
}

/** struct sockaddr_in { u16 family; be16 port; be32 addr; } or sockaddr_in6 { …; be32 flowinfo; be32 addr[4]; … }. */
function socketAddress(address: Address, port: number): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, address.length === 1 ? AF_INET : AF_INET6, LITTLE);
  view.setUint16(2, port);
  for (const [index, word] of address.entries()) view.setUint32((address.length === 1 ? 4 : 8) + index * 4, word);
  return bytes;
}

function addressOf(bytes: Uint8Array): Address {
  const view = new DataView(bytes.buffer);
  if (view.getUint16(0, LITTLE) === AF_INET) return [view.getUint32(4)];
  return [view.getUint32(8), view.getUint32(12), view.getUint32(16), view.getUint32(20)];
}
