// Runs test files with node's own runner: `run-tests.js [folder or file …]`, default everything under test/.
// Node 20 takes no globs and Node 22 no folders, so the files are found here.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../', import.meta.url));

function testsUnder(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(path, name))
    .sort();
}

const wanted = process.argv.slice(2);
const files = (wanted.length > 0 ? wanted : ['test'])
  .map((name) => join(dist, name.replace(/\.ts$/, '.js')))
  .flatMap(testsUnder);
if (files.length === 0) {
  console.error(`No tests under ${wanted.join(' ')}`);
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
