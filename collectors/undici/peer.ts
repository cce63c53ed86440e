import type { Socket } from 'node:net';
import type { Host } from '../../agent/model/host.ts';
import { type Libc, SystemError, succeeded } from '../libc.ts';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_NETNS_COOKIE = 71;
const SO_PEERPIDFD = 77;
/** struct ucred: pid, uid, gid. */
const UCRED_BYTES = 12;
const POLLIN = 1;

/** The process that has connected, as the kernel knows it: not whoever has the socket now. */
export interface PeerProcess {
  /** As the procfs of `host` counts; null: it is in no pid namespace of ours. */
  readonly pid: number | null;
  /** Whether it is gone. Its id may then be another's. */
  hasEnded(): boolean;
  close(): void;
}

/**
 * The process at the other end of a Unix socket: by a pidfd, which stays its own whatever becomes of its id
 * (SO_PEERPIDFD, Linux 6.5); else by its id and when it started (proc_pid_stat(5)). null: it has ended already. Throws what libc throws, or where the socket is none of Node's usual kind.
 */
export function peerProcess(libc: Libc, host: Host, socket: Socket): PeerProcess | null {
  const fd = descriptorOf(socket);
  const pidfd = option(libc, fd, SO_PEERPIDFD, 4);
  if (pidfd !== null) return byPidfd(libc, host, pidfd.readInt32LE(0));
  return libc.errno() === ENOPROTOOPT ? byStartTime(libc, host, fd) : null;
}

/** Older kernels do not know the option; newer ones have other errors for who has ended. */
const ENOPROTOOPT = 92;

/** By what its network namespace differs from others (SO_NETNS_COOKIE, Linux 5.14); null: the kernel does not tell. */
export const netnsCookie = (libc: Libc, socket: Socket): bigint | null =>
  option(libc, descriptorOf(socket), SO_NETNS_COOKIE, 8)?.readBigUInt64LE(0) ?? null;

/** That of the calling thread. */
export function ownNetnsCookie(libc: Libc): bigint | null {
  const AF_UNIX = 1;
  const SOCK_DGRAM = 2;
  const fd = succeeded(libc, libc.socket(AF_UNIX, SOCK_DGRAM, 0), 'open a socket');
  try {
    return option(libc, fd, SO_NETNS_COOKIE, 8)?.readBigUInt64LE(0) ?? null;
  } finally {
    libc.close(fd);
  }
}

function descriptorOf(socket: Socket): number {
  const { fd } = (socket as { _handle?: { fd?: number } })._handle ?? {};
  if (fd === undefined || fd < 0) throw new Error('the socket has no descriptor');
  return fd;
}

function option(libc: Libc, fd: number, name: number, bytes: number): Buffer | null {
  const value = Buffer.alloc(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes);
  return libc.getsockopt(fd, SOL_SOCKET, name, value, length) < 0 ? null : value;
}

function byPidfd(libc: Libc, host: Host, pidfd: number): PeerProcess | null {
  const close = () => void libc.close(pidfd);
  // 0: in no pid namespace of this procfs; -1: it has ended, and been waited for.
  const pid = /^Pid:\s*(\d+)$/m.exec(host.readText(`self/fdinfo/${pidfd}`))?.[1];
  if (pid === undefined) {
    close();
    return null;
  }
  const question = Buffer.alloc(8);
  question.writeInt32LE(pidfd, 0);
  question.writeInt16LE(POLLIN, 4);
  return { pid: Number(pid) || null, close, hasEnded: () => libc.poll(question, 1, 0) !== 0 };
}

function byStartTime(libc: Libc, host: Host, fd: number): PeerProcess | null {
  const credentials = option(libc, fd, SO_PEERCRED, UCRED_BYTES);
  if (credentials === null) throw new SystemError('ask who has connected', libc.errno());
  const pid = credentials.readInt32LE(0);
  if (pid <= 0) return { pid: null, close: () => undefined, hasEnded: () => false };
  const startedAt = startTime(host, pid);
  if (startedAt === null) return null;
  return { pid, close: () => undefined, hasEnded: () => startTime(host, pid) !== startedAt };
}

/** In clock ticks since the host started, as text; null: there is no such process, or it has ended. */
function startTime(host: Host, pid: number): string | null {
  try {
    const text = host.readText(`${pid}/stat`);
    // The name before it may have blanks and parentheses of its own.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null; // it has ended
  }
}
