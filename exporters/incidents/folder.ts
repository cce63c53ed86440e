import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';

export interface FileFacts {
  readonly name: string;
  readonly bytes: number;
  /** In ms since the epoch. */
  readonly changedAt: number;
}

/** A folder of small files. All of it rejects with what node:fs throws. */
export interface Folder {
  readonly path: string;
  /** Its files, in the order of their names; none where there is no such folder. */
  list(): Promise<readonly FileFacts[]>;
  read(name: string, limit: number): Promise<Uint8Array>;
  /** Makes the file or replaces it: whoever reads it, after a crash too, finds the old bytes or the new ones. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What a file is called until it is whole. */
export const isUnfinished = (name: string): boolean => name.startsWith('.') && name.endsWith('.tmp');

/** A real one, made with the first file in it: nobody but its owner may look. */
export function realFolder(path: string): Folder {
  const at = (name: string) => `${path}/${name}`;
  return {
    path,
    async list() {
      const facts: FileFacts[] = [];
      for (const name of (await namesIn(path)).sort()) {
        const found = await stat(at(name)).catch(unlessGone);
        if (found?.isFile()) facts.push({ name, bytes: found.size, changedAt: found.mtimeMs });
      }
      return facts;
    },
    async read(name, limit) {
      const file = await open(at(name), 'r');
      try {
        const { size } = await file.stat();
        if (size > limit) throw new RangeError(`has ${size} bytes, more than ${limit}`);
        // Not to its end, which may have moved.
        const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async replace(name, bytes) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const unfinished = at(`.${name}.tmp`);
      try {
        await writeNew(unfinished, bytes);
        await rename(unfinished, at(name));
      } catch (error) {
        // It may not be there; what is told is why there is no file.
        await unlink(unfinished).catch(() => undefined);
        throw error;
      }
      // The name, too, must outlive a crash of the machine (fsync(2)).
      await synced(path);
    },
    async remove(name) {
      await unlink(at(name)).catch(unlessGone);
    },
  };
}

async function namesIn(path: string): Promise<string[]> {
  return (await readdir(path).catch(unlessGone)) ?? [];
}

/** Never through a link, and never into a file that somebody else holds open. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  // One that a crash left.
  await unlink(path).catch(unlessGone);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function synced(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
