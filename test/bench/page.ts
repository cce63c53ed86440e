// bench:page: what watchers of the live page cost the daemon, and what the page weighs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { readAssets } from '../../exporters/page/assets.ts';
import { MAIN } from '../support/program.ts';
import { cpuMs, insideOwnNetns, median } from './support.ts';

const WATCHERS = 50;
const ROUNDS = Number(process.env['ROUNDS'] ?? 6);
const MEASURE_MS = 8000;
const SETTLE_MS = 20_000;
const { LASTPORT_BENCH_NETNS: _, ...env } = process.env;

insideOwnNetns();

const assets = [...(await readAssets()).values()];
const zipped = assets.reduce((sum, { body }) => sum + gzipSync(body).length, 0);
console.log(`the page: ${assets.length} files, ${(zipped / 1024).toFixed(1)} KB compressed`);

const socketPath = join(mkdtempSync(join(tmpdir(), 'lastport-bench-')), 'socket');
const child = spawn(process.execPath, [MAIN, 'run', '--listen', `unix:${socketPath}`, '--netns', 'self'], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
});
await once(child.stdout, 'data');
child.stdout.resume();
const pid = child.pid as number;
await measure(20);
await measure(200);
child.kill();
process.exit(0);

/** With so many destinations, each of which has ten connections that stay and one that comes and goes five times a second. */
async function measure(destinations: number): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const at = (index: number) => ({ host: `127.0.${1 + (index >> 8)}.${1 + (index & 255)}`, port });
  const held: Socket[] = [];
  for (let index = 0; index < destinations; index++)
    for (let count = 0; count < 10; count++) held.push(connect(at(index)).on('error', () => undefined));
  let turn = 0;
  const churn = setInterval(
    () =>
      connect(at(turn++ % 20))
        .on('connect', function (this: Socket) {
          this.end();
        })
        .on('error', () => undefined),
    10,
  );
  await delay(SETTLE_MS);
  const without: number[] = [];
  const having: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    without.push(await share());
    const watchers = await Promise.all(
      Array.from({ length: WATCHERS }, () =>
        watch((size) => {
          bytes += size;
        }),
      ),
    );
    await delay(2000);
    bytes = 0;
    having.push(await share());
    for (const watcher of watchers) watcher.destroy();
    await delay(1000);
  }
  const more = median(having.map((one, round) => one - (without[round] as number)));
  console.log(
    `${destinations} destinations: ${(median(without) * 100).toFixed(2)} % of a core without watchers, ${(more * 100).toFixed(2)} % more with ${WATCHERS} (${ROUNDS} pairs); ${(bytes / WATCHERS / (MEASURE_MS / 1000) / 1024).toFixed(1)} KiB/s each`,
  );
  clearInterval(churn);
  for (const socket of held) socket.destroy();
  server.close();
}

async function share(): Promise<number> {
  const before = cpuMs(pid);
  await delay(MEASURE_MS);
  return (cpuMs(pid) - before) / MEASURE_MS;
}

async function watch(onBytes: (size: number) => void): Promise<ClientRequest> {
  const request = get({ socketPath, path: '/api/stream', headers: { host: 'localhost' } });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined).on('data', (chunk: Buffer) => onBytes(chunk.length));
  return request;
}
