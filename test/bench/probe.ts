// What the probe costs a program, for each request: paired with the same program without it, and with OpenTelemetry's plugin
// for undici. All of them run in this one bench, batch by batch in turn; a pair is two batches that follow each other.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate, cpuOf, median } from './support.ts';

/** Of each program several are started, one after the other: where its code comes to lie makes some per cent. */
const FORKS = Number(process.env['FORKS'] ?? 8);
const ROUNDS = 16;
const REQUESTS = 2000;
const AT_ONCE = 10;
const WARM_UP = 5;
const STARTS = 15;
const START_ROUNDS = 6;

const programs = fileURLToPath(new URL('../../../test/bench/programs/', import.meta.url));
const probe = fileURLToPath(new URL('../../collectors/undici/probe.cjs', import.meta.url));
const socket = join(mkdtempSync(join(tmpdir(), 'lastport-bench-')), 'probe.sock');
// A daemon that takes everything: what it does with it costs another process.
const daemon = createServer((from) => from.resume().on('error', () => undefined)).listen(socket);

interface Batch {
  readonly cpu: number;
  readonly rss: number;
}

const VARIANTS = ['none', 'probe', 'again', 'otel'] as const;
type Variant = (typeof VARIANTS)[number];

async function start(variant: Variant, kind: string, url: string): Promise<ChildProcess> {
  const child = fork(join(programs, 'probe-client.mjs'), [kind, url], {
    execArgv: variant === 'probe' ? ['--require', probe] : [],
    env: { ...process.env, LASTPORT_PROBE_SOCKET: socket, OTEL: variant === 'otel' ? '1' : '0' },
  });
  await once(child, 'message');
  return child;
}

async function batch(child: ChildProcess): Promise<Batch> {
  child.send({ requests: REQUESTS, atOnce: AT_ONCE });
  const [answer] = (await once(child, 'message')) as [Batch];
  return answer;
}

type Samples = Record<Variant, number[]>;

/** A program of each kind, batch by batch in turn. */
async function batches(kind: string, url: string, cpu: Samples, rss: Samples): Promise<void> {
  const children = new Map<Variant, ChildProcess>();
  for (const variant of VARIANTS) children.set(variant, await start(variant, kind, url));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    // In turn each one is the first, and each has each other before it.
    const from = Math.abs(round) % VARIANTS.length;
    const turned = [...VARIANTS.slice(from), ...VARIANTS.slice(0, from)];
    const order = Math.abs(round) % (2 * VARIANTS.length) < VARIANTS.length ? turned : turned.reverse();
    for (const variant of order) {
      const { cpu: used, rss: size } = await batch(children.get(variant) as ChildProcess);
      if (round < 0) continue;
      cpu[variant].push(used / REQUESTS);
      rss[variant].push(size / 1024 / 1024);
    }
  }
  for (const child of children.values()) child.kill();
}

async function perRequest(kind: 'undici' | 'fetch', url: string): Promise<void> {
  const cpu: Samples = { none: [], probe: [], again: [], otel: [] };
  const rss: Samples = { none: [], probe: [], again: [], otel: [] };
  for (let fork = 0; fork < FORKS; fork++) await batches(kind, url, cpu, rss);
  const ratio = (variant: Variant) => median(cpu[variant].map((used, round) => used / (cpu.none[round] as number)));
  const more = (variant: Variant) => median(cpu[variant].map((used, round) => used - (cpu.none[round] as number)));
  console.log(
    `${kind}: ${median(cpu.none).toFixed(1)} us CPU a request without anything, ${FORKS * ROUNDS} pairs of ${FORKS} programs each`,
  );
  for (const variant of ['again', 'probe', 'otel'] as const) {
    const name = { none: '', again: 'the same again (noise)', probe: 'with the probe', otel: 'with OpenTelemetry' }[
      variant
    ];
    const memory = median(rss[variant]) - median(rss.none);
    console.log(
      `  ${name.padEnd(24)} ${ratio(variant).toFixed(3)} x, ${more(variant).toFixed(2)} us more, RSS ${memory.toFixed(1)} MiB more`,
    );
  }
}

/** CPU of an empty program, in ms, start to end: on a busy machine that is steadier than how long it takes. */
async function startUp(): Promise<void> {
  process.env['LASTPORT_PROBE_SOCKET'] = socket;
  const node = (args: string) => () => cpuOf(`'${process.execPath}' ${args} -e 0`, STARTS);
  const { nothing, ...others } = await alternate(START_ROUNDS, {
    nothing: node(''),
    '--require': node(`--require '${probe}'`),
    '--import': node(`--import '${probe}'`),
    '--import of an empty file': node("--import 'data:text/javascript,'"),
  });
  console.log(`start-up: ${nothing.toFixed(1)} ms CPU of node -e 0, ${START_ROUNDS} x ${STARTS} starts`);
  for (const [name, ms] of Object.entries(others))
    console.log(`  ${name.padEnd(28)} ${(ms - nothing).toFixed(1)} ms more`);
}

const server = fork(join(programs, 'probe-server.mjs'));
const [port] = (await once(server, 'message')) as [number];
const url = `http://127.0.0.1:${port}/some/path?with=query`;
await perRequest('undici', url);
await perRequest('fetch', url);
await startUp();
server.kill();
daemon.close();
process.exit(0);
