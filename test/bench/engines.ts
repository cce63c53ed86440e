// bench:engines: CPU of one whole look at 25,000 TIME_WAIT, both families: by each engine, beside cat, ss and the kernel's
// own floor, which is receiving the dump and dropping it.
import { readFileSync } from 'node:fs';
import { makeLook } from '../../agent/look/make.ts';
import { COLLECTORS, ENGINE_COLLECTORS } from '../../collectors/index.ts';
import { loadLibc } from '../../collectors/libc.ts';
import { ALL_STATES, encodeDumpRequest } from '../../collectors/sock-diag-codec.ts';
import { PrometheusExporter } from '../../exporters/prometheus.ts';
import { alternate, cpuOf, insideOwnNetns, makeTimeWait, ownCpu } from './support.ts';

const SOCKETS = 25_000;
const RUNS = 5;

insideOwnNetns();
await makeTimeWait(SOCKETS);
const rows = () => readFileSync('/proc/net/tcp', 'latin1').split('\n').length - 2;
const before = rows();

const NOTHING: readonly [] = [];

/** A tick of the daemon: find, feel, collect, correlate and publish. So full a namespace is looked at in every one. */
function taking(engine: 'sock_diag' | 'procfs'): () => void {
  const config = { procfs: '/proc', engine, netns: 'self', ask: 'off' } as const;
  const look = makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'ticks');
  const metrics = new PrometheusExporter({ maxDestinations: 8, version: '0', node: process.version });
  return () => {
    metrics.publish(look.tick({ now: 0, asked: NOTHING, inventory: null, gaps: [] }));
    metrics.prepare();
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

const times = (work: () => void) => () =>
  ownCpu(() => {
    for (let run = 0; run < RUNS; run++) work();
  }) / RUNS;
const subjects = {
  cat: () => cpuOf('cat /proc/net/tcp /proc/net/tcp6 >/dev/null', RUNS),
  'ss -tan': () => cpuOf('ss -tan >/dev/null', RUNS),
  floor: times(floor),
  sock_diag: times(taking('sock_diag')),
  procfs: times(taking('procfs')),
};
for (let warmUp = 0; warmUp < 4; warmUp++)
  for (const name of ['sock_diag', 'procfs', 'floor'] as const) subjects[name]();
const results = await alternate(9, subjects);
console.log(`rows ${before} at the start, ${rows()} at the end; medians of 9 alternating repetitions of ${RUNS} runs`);
for (const [name, ms] of Object.entries(results)) {
  const [cat, ss, low] = [results.cat, results['ss -tan'], results.floor].map((other) => (ms / other).toFixed(2));
  console.log(`${name.padEnd(10)} ${ms.toFixed(2).padStart(7)} ms CPU = ${cat} × cat, ${ss} × ss -tan, ${low} × floor`);
}
