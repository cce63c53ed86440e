// bench:engines: CPU of one whole look at 25,000 TIME_WAIT, both families: by each engine, beside cat, ss and the kernel's
// own floor, which is receiving the dump and dropping it; and a scrape of node_exporter's tcpstat, if it is installed
// (Debian: prometheus-node-exporter).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { makeLook } from '../../agent/look/make.ts';
import { COLLECTORS, ENGINE_COLLECTORS } from '../../collectors/index.ts';
import { loadLibc } from '../../collectors/libc.ts';
import { ALL_STATES, encodeDumpRequest } from '../../collectors/sock-diag-codec.ts';
import { PrometheusExporter } from '../../exporters/prometheus.ts';
import { alternate, cpuMs, cpuOf, DEFAULTS, insideOwnNetns, makeTimeWait, ownCpu } from './support.ts';

const SOCKETS = 25_000;
const RUNS = 5;

insideOwnNetns();
await makeTimeWait(SOCKETS);
const rows = () => readFileSync('/proc/net/tcp', 'latin1').split('\n').length - 2;
const before = rows();

const NOTHING: readonly [] = [];
let clock = 0;

/** A tick of the daemon, one a second by its clock: find, feel, collect, correlate and publish; then what `then` does. */
function taking(engine: 'sock_diag' | 'procfs', then: (metrics: PrometheusExporter) => void): () => void {
  const config = { ...DEFAULTS, engine, netns: 'self', ask: 'off' } as const;
  const look = makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'ticks', () => clock + performance.now());
  const metrics = new PrometheusExporter({ maxDestinations: 8, version: '0', node: process.version });
  return () => {
    clock += 1000;
    metrics.publish(look.tick({ now: 0, asked: NOTHING, inventory: null, gaps: [] }));
    then(metrics);
  };
}

const libc = loadLibc();
const buffer = new Uint8Array(64 * 1024);
function floor(): void {
  const fd = libc.socket(16, 3, 4);
  const request = encodeDumpRequest(ALL_STATES, 1);
  libc.send(fd, request, request.length, 0);
  // The type of the datagram's first message: NLMSG_DONE comes alone.
  do libc.recv(fd, buffer, buffer.length, 0);
  while (buffer[4] !== 3);
  libc.close(fd);
}

/** CPU of a scrape of node_exporter with its collector of TCP states alone. */
async function tcpstat(): Promise<{ readonly cpu: () => Promise<number>; readonly end: () => void } | null> {
  const address = '127.0.0.1:9100';
  const options = ['--collector.disable-defaults', '--collector.tcpstat', '--web.disable-exporter-metrics'];
  const child = spawn('prometheus-node-exporter', [...options, `--web.listen-address=${address}`], { stdio: 'ignore' });
  const missing = once(child, 'error').then(() => true);
  const { pid } = child;
  if (pid === undefined) {
    await missing;
    return null;
  }
  const scrape = async () => (await fetch(`http://${address}/metrics`)).text();
  const deadline = Date.now() + 10_000;
  while (!(await scrape().catch(() => '')).includes('node_tcp_connection_states')) {
    if (Date.now() > deadline) throw new Error('node_exporter does not answer');
    await delay(50);
  }
  return {
    cpu: async () => {
      const before = cpuMs(pid);
      for (let run = 0; run < RUNS; run++) await scrape();
      return (cpuMs(pid) - before) / RUNS;
    },
    end: () => child.kill(),
  };
}

const times = (work: () => void) => () =>
  ownCpu(() => {
    for (let run = 0; run < RUNS; run++) work();
  }) / RUNS;
const exporter = await tcpstat();
const subjects: Record<string, () => number | Promise<number>> = {
  cat: () => cpuOf('cat /proc/net/tcp /proc/net/tcp6 >/dev/null', RUNS),
  'ss -tan': () => cpuOf('ss -tan >/dev/null', RUNS),
  floor: times(floor),
  sock_diag: times(taking('sock_diag', () => undefined)),
  'and metrics': times(taking('sock_diag', (metrics) => metrics.prepare())),
  procfs: times(taking('procfs', () => undefined)),
  ...(exporter === null ? {} : { tcpstat: exporter.cpu }),
};
for (let warmUp = 0; warmUp < 4; warmUp++)
  for (const name of ['sock_diag', 'and metrics', 'procfs', 'floor']) await subjects[name]!();
const results = await alternate(9, subjects);
exporter?.end();
if (exporter === null) console.log('node_exporter is not installed: not compared');
console.log(`rows ${before} at the start, ${rows()} at the end; medians of 9 alternating repetitions of ${RUNS} runs`);
for (const [name, ms] of Object.entries(results)) {
  const [cat, ss, low] = ['cat', 'ss -tan', 'floor'].map((other) => (ms / results[other]!).toFixed(2));
  console.log(`${name.padEnd(10)} ${ms.toFixed(2).padStart(7)} ms CPU = ${cat} × cat, ${ss} × ss -tan, ${low} × floor`);
}
