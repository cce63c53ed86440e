// npm run fuzz [-- --seconds N] [-- --target NAME]: all targets in turn, N seconds in all (default 300). What it finds is
// kept beside the corpus as found-… and fails `npm test` from then on.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { keepFound, readCorpus, writeCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { fuzz } from './fuzzing.ts';
import { watchdog } from './watchdog.ts';

// Optimised code leaves out the counters of what it has inlined.
setFlagsFromString('--no-opt');
const coverage = new Coverage();
const { TARGETS } = await import('./targets.ts');
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '300' }, target: { type: 'string' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0) {
  console.error(`No target ${values.target}; there are ${TARGETS.map(({ name }) => name).join(', ')}`);
  process.exit(64);
}
const seconds = Number(values.seconds) / targets.length;
const folder = mkdtempSync(join(tmpdir(), 'lastport-fuzz-'));
const dog = watchdog(join(folder, 'endless'));
let findings = 0;
let all = 0;
console.log(`seed ${seed}, ${seconds.toFixed(1)} s each`);
for (const target of targets) {
  coverage.reset();
  const outcome = await fuzz(target, readCorpus(target.name), coverage, { seconds, seed, onRun: dog.onRun });
  const { runs, reached, known, inputs, finding } = outcome;
  all += runs;
  if (finding === null) writeCorpus(target.name, inputs);
  console.log(
    `${target.name.padEnd(20)} ${String(runs).padStart(9)} runs  ${reached} of ${known} blocks  ${inputs.length} kept`,
  );
  if (finding === null) continue;
  findings++;
  console.log(`  FOUND ${keepFound(target.name, finding.input)}`);
  console.log(
    `  ${String(finding.error.stack ?? finding.error)
      .split('\n')
      .slice(0, 12)
      .join('\n  ')}`,
  );
}
dog.stop();
console.log(`${all} runs, ${findings} findings`);
process.exitCode = findings === 0 ? 0 : 1;
