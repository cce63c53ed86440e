import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestNode } from './nodes.ts';
import type { UndiciOf } from './situation.ts';

const MODULES = fileURLToPath(new URL('../../../node_modules/', import.meta.url));

/** The undici that a program on this Node can have: 7, 6, and the one that is in Node. */
export function undicisOf(node: TestNode): UndiciOf[] {
  return [
    ...['undici', 'undici6'].map((folder) => {
      const major = majorOf(JSON.parse(readFileSync(`${MODULES}${folder}/package.json`, 'utf8')).version);
      return { name: `undici ${major}`, use: `${MODULES}${folder}`, major };
    }),
    { name: 'fetch', use: 'fetch', major: majorOf(node.undici) },
  ];
}

const majorOf = (version: string) => Number.parseInt(version, 10);
