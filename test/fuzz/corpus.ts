// The inputs that are kept, a file each, named after what is in it: test/fuzz/corpus/TARGET/HASH.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/golden.ts';

const folderOf = (target: string): string => join(root, 'test/fuzz/corpus', target);
const nameOf = (input: Uint8Array): string => createHash('sha256').update(input).digest('hex').slice(0, 16);
/** Once found to break something: these stay, whatever they cover. */
const FOUND = 'found-';

export interface Kept {
  readonly name: string;
  readonly input: Buffer;
}

export const isFound = ({ name }: Kept): boolean => name.startsWith(FOUND);

export function readCorpus(target: string): readonly Kept[] {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, input: readFileSync(join(folder, name)) }));
}

/** All but what was found takes the place of what was there. */
export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const folder = folderOf(target);
  for (const kept of readCorpus(target)) if (!isFound(kept)) rmSync(join(folder, kept.name));
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) writeFileSync(join(folder, nameOf(input)), input);
}

/** Returns where it is. */
export function keepFound(target: string, input: Uint8Array): string {
  const folder = folderOf(target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${FOUND}${nameOf(input)}`);
  writeFileSync(path, input);
  return path;
}
