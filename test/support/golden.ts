import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The project's root, from dist/test/support/. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Holds `actual` against test/golden/`name`; UPDATE_GOLDEN=1 writes it instead, for the diff to be read. */
export function matchesGolden(name: string, actual: string): void {
  matchesFile(`test/golden/${name}`, actual);
}

/** The same for a file by its path from the root. */
export function matchesFile(name: string, actual: string): void {
  const path = `${root}${name}`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, actual);
  assert.equal(actual, readFileSync(path, 'utf8'));
}
