// bench:procfs: CPU from the bytes of /proc to the Assessment, against cat of the same files, at 25,000 TIME_WAIT.
import { readFileSync } from 'node:fs';
import { makeLook } from '../../agent/look/make.ts';
import { COLLECTORS, ENGINE_COLLECTORS } from '../../collectors/index.ts';
import { alternate, cpuOf, insideOwnNetns, makeTimeWait, ownCpu } from './support.ts';

const SOCKETS = 25_000;
const RUNS = 5;

insideOwnNetns();
await makeTimeWait(SOCKETS);
const rows = () => readFileSync('/proc/net/tcp', 'latin1').split('\n').length - 2;
const before = rows();

const config = { procfs: '/proc', engine: 'procfs', netns: 'self', ask: 'off' } as const;
const look = makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'once');
const take = () => look.once({ now: 0, asked: [], inventory: null, gaps: [] });
for (let warmUp = 0; warmUp < 20; warmUp++) take();

const results = await alternate(9, {
  cat: () => cpuOf('cat /proc/net/tcp /proc/net/tcp6 >/dev/null', RUNS),
  lastport: () =>
    ownCpu(() => {
      for (let run = 0; run < RUNS; run++) take();
    }) / RUNS,
});
console.log(`rows ${before} at the start, ${rows()} at the end; medians of 9 alternating repetitions of ${RUNS} runs`);
console.log(`cat       ${results.cat.toFixed(1)} ms CPU`);
console.log(`lastport  ${results.lastport.toFixed(1)} ms CPU  = ${(results.lastport / results.cat).toFixed(2)} × cat`);
