import type { Given } from './given.ts';
import { quote } from './option-values.ts';
import { UsageError } from './usage-error.ts';
import { whyUnread } from './why-unread.ts';

/** At most `limit` bytes from the start of a file. Throws what node:fs throws. */
export type ReadFile = (path: string, limit: number) => Uint8Array | Promise<Uint8Array>;

/** Today's options fit in 1 KiB: a megabyte is a mistake, or meant to eat memory. */
export const LARGEST_FILE = 1024 * 1024;

/** What a YAML file gives. `place` is who named it: "--config" or "LASTPORT_CONFIG". */
export async function readConfigFile(path: string, place: string, readFile: ReadFile): Promise<readonly Given[]> {
  // Loaded only here: yaml and valibot take longer than a whole `lastport check`.
  const { parseConfig } = await import('./config-yaml.ts');
  return parseConfig(path, await textOf(path, place, readFile));
}

async function textOf(path: string, place: string, readFile: ReadFile): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path, LARGEST_FILE + 1);
  } catch (error) {
    throw new UsageError(`${place}: cannot read ${quote(path)}: ${whyUnread(error)}; name a YAML file`, {
      cause: error,
    });
  }
  if (bytes.length > LARGEST_FILE) throw new UsageError(`${path}: larger than 1 MiB; keep only options in it`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`${path}: not UTF-8 text; save it as UTF-8`, { cause: error });
  }
}
