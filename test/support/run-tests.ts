// Runs test files with node's own runner: `run-tests.js [folder or file …]`, default everything under test/.
// Node 20 takes no globs and Node 22 no folders, so the files are found here.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATIENCE } from './patience.ts';

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
/** What counts real programs second by second needs the processors for itself: these run one after the other, at the end. */
const ALONE = /\/test\/(e2e\/(five-programs|gets-out|load|owners|rates|trace)|systemd\/levels)\./;
/** What plays minutes of real traffic, slowly: two of these leave each other time enough, but no more than two. */
const CALM = /\/test\/(e2e\/(?!formats|page|top)|kernel\/forecast)/;
/** Minutes, if nothing else is left to run beside them: these begin. */
const LONG = /\/test\/(kernel|scenarios|e2e|faults)\//;

/** A file that never ends is a failure, and the next one's turn. In ms. */
const TIMEOUT = `--test-timeout=${600_000 * PATIENCE}`;

const run = (some: readonly string[], concurrency: number): number => {
  if (some.length === 0) return 0;
  const args = ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, TIMEOUT, ...some];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
};
const kind = (file: string) => (ALONE.test(file) ? 'alone' : CALM.test(file) ? 'calm' : 'beside');
const of = (wanted: ReturnType<typeof kind>) => files.filter((file) => kind(file) === wanted);
/** Longest first, as far as names tell: what is begun last ends last. */
const longFirst = (some: readonly string[]) => {
  const isLong = (file: string) => LONG.test(file);
  return [...some.filter(isLong), ...some.filter((file) => !isLong(file))];
};
// Much of it is waiting: for the kernel's minute, for a program to start. Node's own default leaves a processor idle.
const statuses = [
  run(longFirst(of('beside')), availableParallelism() + 1),
  run(of('calm').reverse(), 2), // kernel/forecast is the longest by far
  run(of('alone'), 1),
];
process.exit(statuses.find((status) => status !== 0) ?? 0);
