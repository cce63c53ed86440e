import type { Socket } from 'node:net';
import { type Libc, succeeded } from '../libc.ts';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid. */
const UCRED_BYTES = 12;

/**
 * The process that has connected, as the kernel knows it (unix(7)); 0 where it is in no pid namespace of ours. Throws what
 * libc throws, or where the socket is none of Node's usual kind.
 */
export function peerPid(libc: Libc, socket: Socket): number {
  const { fd } = (socket as { _handle?: { fd?: number } })._handle ?? {};
  if (fd === undefined || fd < 0) throw new Error('the socket has no descriptor');
  const credentials = Buffer.alloc(UCRED_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(UCRED_BYTES);
  succeeded(libc, libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length), 'ask who has connected');
  return credentials.readInt32LE(0);
}
