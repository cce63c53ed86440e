import { parseAddress } from '../agent/model/address.ts';
import type { LiveSample } from '../agent/model/live-sample.ts';
import type { Libc } from './libc.ts';
import { askSockDiag } from './sock-diag.ts';
import { type ConnectionInfo, encodeInfoRequest, readInfos } from './sock-diag-codec.ts';

const BUFFER_BYTES = 64 * 1024;
const SEQUENCE = 1;
/**
 * A request takes one segment, and with TLS two more go before the first one. What takes more on one request, an upload,
 * has full segments.
 */
const SEGMENTS_OF_ONE_REQUEST = 3;
const BYTES_OF_FULL_SEGMENTS = 1000;
const STILL_MS = 1000;
/** The peer's acknowledgement of our SYN counts as one byte. */
const SYN_BYTES = 1;

let buffer: Uint8Array | undefined;

/**
 * Of the calling thread's network namespace: the live connections to one remote address and port, whatever their local
 * address. Costs a walk through the kernel's table, without TIME_WAIT. Throws what askSockDiag throws.
 */
export function liveConnections(libc: Libc, remote: string, remotePort: number): LiveSample | null {
  const address = parseAddress(remote);
  if (address === null) return null;
  buffer ??= new Uint8Array(BUFFER_BYTES);
  const into = buffer;
  const sample = { connections: 0, reused: 0, unread: 0, idle: 0, unused: 0 };
  askSockDiag(libc, encodeInfoRequest(address, remotePort, SEQUENCE), into, (length) =>
    readInfos(into, length, (info) => {
      sample.connections++;
      if (isReused(info)) sample.reused++;
      if (info.unreadBytes > 0 && info.lastReceivedMs >= STILL_MS) sample.unread++;
      if (info.lastSentMs >= STILL_MS && info.lastReceivedMs >= STILL_MS) sample.idle++;
      if (info.bytesSent <= SYN_BYTES && info.bytesReceived <= SYN_BYTES) sample.unused++;
    }),
  );
  return sample;
}

function isReused({ segmentsSent, bytesSent }: ConnectionInfo): boolean {
  return segmentsSent > SEGMENTS_OF_ONE_REQUEST && bytesSent / segmentsSent < BYTES_OF_FULL_SEGMENTS;
}
