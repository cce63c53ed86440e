// `npm run soak -- [--minutes 10] [--rate 2000]`: what a daemon meets in weeks, in minutes, in namespaces of its own: churn
// over eight destinations, storms that alert, namespaces, programs with the probe, scrapes, watchers, reloads and `check`.
// Ends with 1 where something has grown, has come late, or is not what the kernel says.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { apart, Subject } from '../faults/subject.ts';
import { quantile, type Sample, sample, slopeAMinute } from './samples.ts';
import { PROGRAMS, Traffic, writeConfig } from './traffic.ts';

/** Half of this is the cliff: far above the 15,000 TIME_WAIT that each destination has at 2,000 connections a second. */
const PORTS = '20000 60999';
const FEW_PORTS = '20000 20999';
/** What is alive may grow a little: what probes have said is kept for 15 minutes. A look that is as late as this blinds (run.ts). */
const ALLOWED = { residentMb: 300, liveGrowthMb: 10, series: 400, openFiles: 4, threads: 2, lateSeconds: 15 };
/** A TIME_WAIT lives so long, and a little. */
const QUIET_MS = 66_000;
/** Handles and timers come with scrapes and watchers, and go. */
const SPARE_RESOURCES = 12;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '2000' } },
});
const seconds = Number(values.minutes) * 60;
const warmUp = Math.min(150, seconds / 3);
const folder = mkdtempSync(join(tmpdir(), 'lastport-soak-'));
const configFile = join(folder, 'lastport.yaml');
writeConfig(configFile, 0);

const subject = await Subject.start({
  // Churn and storm together are more than a host of this size keeps by default.
  wrap: apart(
    'mount -t tmpfs none /run && cd /proc/sys/net/ipv4 && echo 0 > tcp_tw_reuse && echo 300000 > tcp_max_tw_buckets',
  ),
  flags: ['--config', configFile, '--alertmanager', 'http://127.0.0.1:9093'],
  env: { LASTPORT_STATE_DIR: join(folder, 'state') },
  ports: PORTS,
  isChosen: false,
  probe: true,
  tick: null,
  stdout: 'pipe',
  nodeFlags: ['--inspect=127.0.0.1:9229'],
});
const log: { level: string; msg: string; event?: string }[] = [];
if (subject.child.stdout !== null) {
  createInterface({ input: subject.child.stdout }).on('line', (line) => log.push(JSON.parse(line)));
}

const problems: string[] = [];
const require = (holds: boolean, what: string) => {
  if (!holds) problems.push(what);
};

const samples: Sample[] = [];
const live: { readonly second: number; readonly main: number; readonly worker: number }[] = [];
const traffic = new Traffic(subject, configFile, Number(values.rate));
const begun = performance.now();
for (let second = 1; second <= seconds; second++) {
  await delay(Math.max(0, begun + second * 1000 - performance.now()));
  try {
    samples.push(await sample(subject, second));
  } catch (error) {
    problems.push(`second ${second}: no scrape: ${(error as Error).message}`);
    if (!subject.isAlive) break;
  }
  if (second % 60 !== 0) continue;
  live.push({ second, ...(await liveHeap()) });
  console.log(progress(samples.at(-1)));
}
const ticks = await tickQuantiles();
const totals = await counters();
await traffic.stop();

const settled = samples.filter(({ second }) => second > warmUp);
const first = settled.slice(0, Math.ceil(settled.length / 3));
const last = settled.slice(-Math.ceil(settled.length / 3));
const middle = (some: readonly Sample[], of: (one: Sample) => number) => quantile(some.map(of), 0.5);
const rows: [string, (one: Sample) => number, string][] = [
  ['resident memory', ({ residentMb }) => residentMb, 'MB'],
  ['open files', ({ openFiles }) => openFiles, ''],
  ['threads', ({ threads }) => threads, ''],
  ['handles, timers, requests', ({ resources }) => resources, ''],
  ['series', ({ series }) => series, ''],
  ['age of the last look', ({ ageSeconds }) => ageSeconds, 's'],
  ['scrape', ({ scrapeMs }) => scrapeMs, 'ms'],
];
console.log(`\n${seconds} s, of which the first ${Math.round(warmUp)} s are warm-up and not in this:\n`);
console.log('| | median, first third | median, last third | 99 % | most | a minute |\n|---|---|---|---|---|---|');
for (const [what, of, unit] of rows) {
  const all = settled.map(of);
  const cells = [middle(first, of), middle(last, of), quantile(all, 0.99), Math.max(...all)];
  const slope = slopeAMinute(settled, of);
  console.log(`| ${what} | ${cells.map((one) => `${short(one)} ${unit}`.trim()).join(' | ')} | ${short(slope)} |`);
}
console.log(`\ntick: half within ${ticks.half} s, 99 % within ${ticks.most} s, ${ticks.count} of them`);
console.log(`beside it: ${JSON.stringify({ ...traffic.counts, ...totals })}`);

const growth = (of: (one: Sample) => number) => middle(last, of) - middle(first, of);
const highest = (of: (one: Sample) => number) => Math.max(...settled.map(of));
const [warm, end] = [live.find(({ second }) => second >= warmUp), live.at(-1)];
if (warm !== undefined && end !== undefined) {
  for (const thread of ['main', 'worker'] as const) {
    const grown = end[thread] - warm[thread];
    console.log(
      `alive in ${thread} after a collection: ${short(warm[thread])} MB at ${warm.second} s, ${short(end[thread])} MB at the end`,
    );
    require(grown < ALLOWED.liveGrowthMb, `what is alive in ${thread} grows`);
  }
}
require(highest(({ residentMb }) => residentMb) < ALLOWED.residentMb, 'more memory than allowed');
require(growth(({ openFiles }) => openFiles) <= ALLOWED.openFiles, 'open files grow');
require(growth(({ threads }) => threads) <= ALLOWED.threads, 'threads grow');
require(growth(({ resources }) => resources) <= SPARE_RESOURCES, 'handles or timers grow');
require(highest(({ series }) => series) <= ALLOWED.series, 'more series than allowed');
require(highest(({ ageSeconds }) => ageSeconds) <= ALLOWED.lateSeconds, 'looks come late');
require(totals.restarts === 0 && totals.linesLost === 0, 'the thread that looks was restarted, or lines were lost');
require(totals.delivered > 0, 'no alert was delivered');
require(traffic.counts.failedChecks === 0, 'a check failed');
const errors = log.filter(
  ({ level, event, msg }) => level === 'error' && event === undefined && !/ is critical$/.test(msg),
);
require(errors.length === 0, `errors in the log: ${JSON.stringify(errors.slice(0, 3))}`);

await delay(QUIET_MS);
const { told, real } = await truth();
console.log(`headroom at the end: ${told} by lastport, ${real} by connecting until the kernel refused`);
require(told === real, 'headroom is not what the kernel says');
require((await subject.end()) === 0, `it did not end in order: ${subject.stderr}`);
rmSync(folder, { recursive: true });
console.log(problems.length === 0 ? '\nall holds' : `\n${problems.join('\n')}`);
process.exit(problems.length === 0 ? 0 : 1);

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2).replace(/\.?0+$/, '');
}

function progress(one: Sample | undefined): string {
  if (one === undefined) return 'no sample yet';
  const { second, residentMb, openFiles, series, ageSeconds, namespaces, probes, alerts } = one;
  const parts = { residentMb, openFiles, series, ageSeconds, namespaces, probes, alerts };
  const load = traffic.counts.connections;
  const { main = Number.NaN, worker = Number.NaN } = live.at(-1) ?? {};
  return `${second} s: alive ${short(main)} + ${short(worker)} MB, ${Object.entries(parts)
    .map(([name, value]) => `${name} ${short(value)}`)
    .join(', ')}, connections ${load}`;
}

/** In MB, after a garbage collection. */
async function liveHeap(): Promise<{ main: number; worker: number }> {
  const [, url = ''] = /Debugger listening on (ws:\S+)/.exec(subject.stderr) ?? [];
  const program = subject.run(process.execPath, [`${PROGRAMS}/heap.mjs`, url], ['ignore', 'pipe', 'inherit']);
  if (program.stdout === null) throw new Error('heap.mjs has no stdout');
  const [line] = (await once(createInterface({ input: program.stdout }), 'line')) as [string];
  const { main, worker } = JSON.parse(line) as { main: number; worker: number };
  return { main: main / 1e6, worker: worker / 1e6 };
}

/** From the histogram: bounds of its buckets. */
async function tickQuantiles(): Promise<{ half: string; most: string; count: number }> {
  const page = await subject.get('/metrics');
  const buckets = [...page.matchAll(/^lastport_tick_duration_seconds_bucket\{le="([^"]+)"\} (\d+)/gm)].map(
    ([, bound = '', count]) => ({ bound, count: Number(count) }),
  );
  const count = buckets.at(-1)?.count ?? 0;
  const within = (share: number) => buckets.find((one) => one.count >= count * share)?.bound ?? '?';
  return { half: within(0.5), most: within(0.99), count };
}

async function counters() {
  const value = async (name: string, labels = '') => (await subject.metric(name, labels)) ?? 0;
  return {
    restarts: await value('lastport_look_restarts_total'),
    linesLost: await value('lastport_log_lines_lost_total'),
    delivered: await value('lastport_alert_deliveries_total', 'result="ok"'),
    undelivered: await value('lastport_alert_deliveries_total', 'result="failed"'),
    incidents: await value('lastport_incidents_total'),
    alertsInLog: log.filter(({ event }) => event === 'alert').length,
  };
}

/** What it says of a situation, and what connect() does. */
async function truth(): Promise<{ told: number | undefined; real: number }> {
  subject.shell(`echo "${FEW_PORTS}" > /proc/sys/net/ipv4/ip_local_port_range`);
  const program = subject.run('python3', [`${PROGRAMS}/truth.py`], ['pipe', 'pipe', 'inherit']);
  if (program.stdout === null) throw new Error('truth.py has no stdout');
  const lines = createInterface({ input: program.stdout });
  await once(lines, 'line');
  // Who chose a port is known of all when the kernel was asked about all.
  writeConfig(configFile, 0, 'all');
  subject.signal('SIGHUP');
  const holds = await subject.look('the situation', ({ namespaces }) => {
    const one = destinationIn(namespaces);
    return one?.usedPorts === 300 && one.headroomPorts === one.headroomPortsLow;
  });
  const answer = once(lines, 'line') as Promise<[string]>;
  program.stdin?.write('\n');
  return { told: destinationIn(holds.namespaces)?.headroomPorts, real: Number((await answer)[0]) };
}

function destinationIn(namespaces: Awaited<ReturnType<Subject['assessment']>>['namespaces']) {
  const [own] = namespaces;
  return own?.destinations.find(({ remote, remotePort }) => remote === '127.0.0.1' && remotePort === 8081);
}
