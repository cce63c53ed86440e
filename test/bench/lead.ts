// bench:lead: from the onset of a storm of connections to the alert that somebody receives, and what is left by then: by
// Lastport, and by the usual rules on node_exporter in the same run. Needs root, python3, iproute2, go, prometheus,
// prometheus-alertmanager and prometheus-node-exporter.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { goBuild } from '../support/go-build.ts';
import { root } from '../support/golden.ts';
import { needs } from '../support/needs.ts';
import { type StormOutcome, type StormPlan, storm } from './lead-run.ts';
import { overloadTable, sideBySide, stormTable } from './lead-tables.ts';

/** From the story: this many connections a second, on the default range. */
const STORM = { range: [32768, 60999], perSecond: 4000 } as const;
/** Twice what 4,000 ports can bear for good, each held for 61.02 s. */
const OVERLOAD = { range: [40000, 43999], perSecond: (2 * 4000) / 61.02 } as const;
/** The cliff comes after 3.5 s; the first refusal after 30.5 s. */
const STORM_SECONDS = 6;
const OVERLOAD_SECONDS = 35;
/** The last run of either kind: so long that a rule that waits for a minute may fire, with four scrapes before. */
const LONG = { seconds: 110, quietMs: 60_000 } as const;
const QUIET_MS = 3000;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, overloads: { type: 'string', default: '3' } },
});
const missing = ['python3', 'go', 'prometheus', 'prometheus-alertmanager', 'prometheus-node-exporter'].filter(
  (program) => needs(program) !== false,
);
if (missing.length > 0) {
  console.error(`needs ${missing.join(', ')}`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'lastport-lead-'));
try {
  const program = goBuild(`${root}test/bench/programs/storm.go`, folder, 'storm');
  const storms = await repeat(program, Number(values.runs), { ...STORM, seconds: STORM_SECONDS, quietMs: QUIET_MS });
  const overloads = await repeat(program, Number(values.overloads), {
    ...OVERLOAD,
    seconds: OVERLOAD_SECONDS,
    quietMs: QUIET_MS,
  });
  console.log(`\n4,000 connections/s on the default range\n\n${stormTable(storms)}`);
  console.log(`\n131 connections/s on 4,000 ports, twice what they bear\n\n${overloadTable(overloads)}`);
  console.log(`\nEverybody's first alert, in seconds after the onset\n\n${sideBySide(storms, overloads)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The last one is long. null: it could not be done, and why was told. */
async function repeat(program: string, runs: number, plan: StormPlan): Promise<(StormOutcome | null)[]> {
  const outcomes: (StormOutcome | null)[] = [];
  for (let run = 1; run <= runs; run++) {
    const one = run === runs ? { ...plan, ...LONG } : plan;
    console.error(`run ${run} of ${runs}: ${one.perSecond.toFixed(0)}/s for ${one.seconds} s`);
    outcomes.push(
      await storm(program, one).catch((error: Error) => {
        console.error(error.message);
        process.exitCode = 1;
        return null;
      }),
    );
  }
  return outcomes;
}
