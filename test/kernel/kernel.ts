import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { release } from 'node:os';

/** Whether the running kernel is of that version or later: what a situation may expect of it, never what Lastport goes by. */
export function isSince([major, minor]: readonly [number, number]): boolean {
  const [ours = 0, oursMinor = 0] = release().split('.').map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}

/** What differs between kernels in what can be seen or made (docs/kernels.md). */
export const KERNEL = {
  /** IP_LOCAL_PORT_RANGE, by which one port can be asked about: of 6.3, and of Debian's 6.1 too. */
  canBeAsked: spawnSync('python3', ['-c', 'import socket; socket.socket().setsockopt(0, 51, 0)']).status === 0,
  /** sock_diag lists sockets that are bound and not connected. */
  listsBound: isSince([6, 8]),
  /** tcp_tw_reuse_delay, in ms; without it connect() compares whole seconds. */
  hasReuseDelay: existsSync('/proc/sys/net/ipv4/tcp_tw_reuse_delay'),
} as const;
