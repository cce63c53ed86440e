import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use; choose another address with --listen, or stop the program that has it',
  EACCES: 'needs a privilege; choose a port from 1024, or a path that may be written, with --listen',
  EADDRNOTAVAIL: 'is not an address of this host; choose one that is with --listen',
  ENOENT: 'is in a folder that does not exist; choose another path with --listen',
  ENOTFOUND: 'is not a known host; choose an address of this host with --listen',
};

/** Starts listening. Rejects with one line: what, why, what would do. Returns the port, 0 for a Unix socket. */
export async function listen(server: Server, address: ListenAddress): Promise<number> {
  const place = address.kind === 'unix' ? `unix:${address.path}` : `${bracketed(address.host)}:${address.port}`;
  if (address.kind === 'unix') await removeStale(address.path);
  server.listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = Object.hasOwn(REASONS, code) ? `${REASONS[code]} (${code})` : `does not work: ${message}`;
    throw new Error(`Cannot listen: ${place} ${reason}`, { cause: error });
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);

/** A socket file that a daemon left behind when it died. One that answers, and any other file, is left alone. */
async function removeStale(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isSocket()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await unlink(path);
  } finally {
    socket.destroy();
  }
}
