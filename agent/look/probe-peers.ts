import type { Socket } from 'node:net';
import type { Libc } from '../../collectors/libc.ts';
import { netnsInode } from '../../collectors/netns-processes.ts';
import { netnsCookie, ownNetnsCookie, type PeerProcess, peerProcess } from '../../collectors/undici/peer.ts';
import type { Peer } from '../../collectors/undici/receiver.ts';
import type { Config } from '../config/config.ts';
import { realHost } from '../host.ts';
import type { Host } from '../model/host.ts';

/**
 * Who a probe is and in which network namespace, by what the kernel says of its connection and not by what it says itself.
 * A process of another container is known by its pid on this host.
 */
export function probePeers({ procfs }: Pick<Config, 'procfs'>, libcOf: () => Libc): (socket: Socket) => Peer {
  const host = realHost(procfs);
  const own = { netns: netnsInode(host, 'self/ns/net'), cookie: attempt(() => ownNetnsCookie(libcOf())) };
  return (socket) => {
    const libc = attempt(libcOf);
    // Without koffi nothing is known of it but that it may connect: then it is one of ours, and has no pid.
    if (libc === null) {
      const netns = (claimed: number | null) => (claimed === own.netns ? claimed : null);
      return { pid: null, netns, hasEnded: () => false, close: () => undefined };
    }
    const process = attempt(() => peerProcess(libc, host, socket));
    const cookie = attempt(() => netnsCookie(libc, socket));
    const isOurs = cookie !== null && cookie === own.cookie;
    // What it sent before it ended is read; what comes later is of somebody who has its socket.
    if (process === null) {
      return { pid: null, netns: () => (isOurs ? own.netns : null), hasEnded: () => true, close: () => undefined };
    }
    return {
      pid: process.pid,
      netns: () => netnsOf(process, host, isOurs ? own.netns : null),
      hasEnded: () => process.hasEnded(),
      close: () => process.close(),
    };
  };
}

/** `ours`: where it is by its cookie, for it may be another user's, whom we may not look at. null: it has ended. */
function netnsOf(process: PeerProcess, host: Host, ours: number | null): number | null {
  const inode = process.pid === null ? null : netnsInode(host, `${process.pid}/ns/net`);
  // Asked last: had it ended before, what was read may be of another with its id.
  return process.hasEnded() ? null : (inode ?? ours);
}

function attempt<Value>(ask: () => Value): Value | null {
  try {
    return ask();
  } catch {
    return null; // no koffi, or the other end has gone: not known, and what follows from that is decided above
  }
}
