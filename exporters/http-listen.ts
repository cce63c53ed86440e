import { once } from 'node:events';
import type { Server } from 'node:http';
import { listenUnix } from './unix-socket.ts';

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
  try {
    if (address.kind === 'unix') {
      const release = await listenUnix(server, { path: address.path, mode: null, group: null });
      server.once('close', release);
      return 0;
    }
    server.listen({ host: address.host, port: address.port });
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
