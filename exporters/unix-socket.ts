import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';

/** Where a Unix socket is, and who may connect to it. */
export interface UnixPlace {
  readonly path: string;
  /** Permission bits; null: as the umask leaves them. */
  readonly mode: number | null;
  /** null: as it comes. */
  readonly group: number | null;
}

/** sun_path has room for 107 bytes and a NUL (unix(7)). */
const LONGEST_PATH = 107;

/**
 * Listens on a Unix socket. It is made in a folder that nobody else may enter, and appears at its path when its mode and
 * group are right; at the path nothing is replaced but a socket that nobody listens on. Returns what takes it away again.
 * Rejects with an Error with `code` EADDRINUSE where there is something, or what node:fs throws.
 */
export async function listenUnix(server: Server, { path, mode, group }: UnixPlace): Promise<() => void> {
  const folder = dirname(path);
  // Whoever may write there could put his own socket in our place; with the sticky bit only in the place of his own.
  const { mode: bits } = statSync(folder);
  if ((bits & 0o002) !== 0 && (bits & 0o1000) === 0) {
    throw Object.assign(new Error(`anybody may write in ${folder}; chmod o-w it`), { code: 'EPERM' });
  }
  const hidden = mkdtempSync(join(folder, '.'));
  const made = join(hidden, 's');
  try {
    if (Buffer.byteLength(made) > LONGEST_PATH) throw new Error(`${path} is too long a path; choose a shorter folder`);
    await removeStale(path, join(hidden, 'old'));
    server.listen(made);
    await once(server, 'listening');
    if (group !== null) chownSync(made, -1, group);
    if (mode !== null) chmodSync(made, mode);
    const { ino, dev } = lstatSync(made);
    // Unlike rename(2) it fails where there is something, a symbolic link included.
    linkSync(made, path);
    unlinkSync(made);
    return () => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.ino === ino && found.dev === dev) unlinkSync(path);
    };
  } catch (error) {
    if (server.listening) server.close();
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw Object.assign(new Error(`${path} is there already`, { cause: error }), { code: 'EADDRINUSE' });
  } finally {
    for (const name of [made, join(hidden, 'old')]) {
      if (lstatSync(name, { throwIfNoEntry: false }) !== undefined) unlinkSync(name);
    }
    rmdirSync(hidden);
  }
}

/** A socket that a daemon left behind when it died. One that answers, and any other file, is left alone. */
async function removeStale(path: string, aside: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isSocket()) return;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return;
  } finally {
    socket.destroy();
  }
  // Another daemon may have come in the meantime: what was taken away is looked at again before it is gone for good.
  renameSync(path, aside);
  const taken = lstatSync(aside);
  if (taken.ino !== found.ino || taken.dev !== found.dev) linkSync(aside, path);
}
