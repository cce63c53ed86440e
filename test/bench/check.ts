// bench:check: wall time of `lastport check` on a quiet host (a namespace of its own), against `node -e 0`.
import { spawnSync } from 'node:child_process';
import { root } from '../support/golden.ts';
import { alternate, insideOwnNetns } from './support.ts';

insideOwnNetns();

const wall = (args: readonly string[]) => () => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - start;
};

const main = `${root}dist/agent/main.js`;
const results = await alternate(31, {
  node: wall(['-e', '0']),
  table: wall([main, 'check']),
  json: wall([main, 'check', '--format', 'json']),
});
console.log('medians of 31 alternating repetitions');
console.log(`node -e 0                     ${results.node.toFixed(0)} ms`);
for (const [name, command] of [
  ['table', 'lastport check'],
  ['json', 'lastport check --format json'],
] as const) {
  console.log(
    `${command.padEnd(29)} ${results[name].toFixed(0)} ms  = ${(results[name] / results.node).toFixed(2)} × node -e 0`,
  );
}
