import type { Socket } from 'node:net';
import type { Libc } from '../../collectors/libc.ts';
import { netnsInode } from '../../collectors/netns-processes.ts';
import { peerPid } from '../../collectors/undici/peer.ts';
import type { Config } from '../config/config.ts';
import { realHost } from '../host.ts';
import type { ProbeIdentity } from '../model/probe.ts';

/**
 * Who a probe is and in which network namespace, by what the kernel says of its connection, and not by what it says itself.
 * A process of another container is known by its pid on this host. Where the kernel does not tell (no koffi, or another
 * user's process without CAP_SYS_PTRACE) its own word is taken.
 */
export function probePeers(
  { procfs }: Pick<Config, 'procfs'>,
  libcOf: () => Libc,
): (socket: Socket, claimed: number | null) => Pick<ProbeIdentity, 'pid' | 'netns'> {
  const host = realHost(procfs);
  return (socket, claimed) => {
    let pid: number | null = null;
    try {
      pid = peerPid(libcOf(), socket) || null;
    } catch {
      // No koffi.
    }
    const netns = pid === null ? null : netnsInode(host, `${pid}/ns/net`);
    return { pid, netns: netns ?? claimed ?? netnsInode(host, 'self/ns/net') };
  };
}
