// bench:daemon: CPU and RSS of `lastport run` at its defaults: on a quiet host, with 28,000 TIME_WAIT, and with 200
// namespaces of 100 sockets each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAIN } from '../support/program.ts';
import { cpuMs, insideOwnNetns, makeTimeWait, populate } from './support.ts';

/** V8 compiles and collects in the background for more than a minute after the start: what runs once a second is cold. */
const SETTLE_MS = 90_000;
const MEASURE_MS = 30_000;
/** TIME_WAIT last a minute. */
const HASTE = 3;
const NAMESPACES = 200;
const { LASTPORT_BENCH_NETNS: _, ...env } = process.env;

insideOwnNetns();

async function measure(what: string, options: readonly string[] = [], haste = 1): Promise<void> {
  const socket = join(mkdtempSync(join(tmpdir(), 'lastport-bench-')), 'socket');
  const child = spawn(process.execPath, [MAIN, 'run', '--listen', `unix:${socket}`, ...options], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.stdout.resume();
  const pid = child.pid as number;
  await delay(SETTLE_MS / haste);
  const before = cpuMs(pid);
  await delay(MEASURE_MS / haste);
  const share = (cpuMs(pid) - before) / (MEASURE_MS / haste);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
  console.log(
    `${what.padEnd(44)} ${(share * 100).toFixed(2).padStart(6)} % of a core  ${rss.toFixed(0).padStart(4)} MiB RSS`,
  );
  child.kill();
  await once(child, 'close');
}

async function quiet(): Promise<void> {
  await measure('quiet, own namespace', ['--netns', 'self']);
  await measure('quiet, all namespaces (two)');
  const children = await populate(NAMESPACES);
  await measure(`${NAMESPACES} namespaces with 100 sockets each`);
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => once(child, 'close')));
}

await quiet();
await makeTimeWait(28_000);
await measure('28,000 TIME_WAIT, own namespace', ['--netns', 'self'], HASTE);
