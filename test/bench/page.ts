// bench:page: what watchers of the live page cost the daemon, what the page weighs, and how it moves with 200 destinations.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { HttpServer } from '../../exporters/http-server.ts';
import { readAssets } from '../../exporters/page/assets.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';
import { openPage, TestBrowser } from '../support/browser.ts';
import { needs } from '../support/needs.ts';
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
await frames(200);
process.exit(0);

/** A browser that scrolls through so many destinations while all of them change every second. */
async function frames(destinations: number): Promise<void> {
  if (needs('chromium') !== false) return console.log(`frames: ${needs('chromium')}`);
  const http = new HttpServer({
    render: () => Promise.reject(new Error('nobody asks')),
    lastTick: () => null,
    allowedHosts: () => [],
    onError: (_, error) => console.error(error),
    monotonic: () => performance.now(),
  });
  const port = await http.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  let looks = 0;
  const look = () => {
    looks++;
    const all = Array.from({ length: destinations }, (_, index) =>
      destination({
        remote: `10.8.0.${index}`,
        usedPorts: 20_000 - index * 50 + (looks % 40),
        headroomPorts: 8000 + index * 50,
      }),
    );
    http.publish(
      assessment({ takenAt: new Date(looks * 1000).toISOString(), namespaces: [namespace({ destinations: all })] }),
    );
  };
  look();
  const chromium = await TestBrowser.start();
  const { page } = await openPage(chromium.browser, `http://127.0.0.1:${port}/`);
  const ticking = setInterval(look, 1000);
  const deltas = await page.evaluate<number[]>(`new Promise((done) => {
    const frame = document.querySelector('.table-frame');
    frame.scrollIntoView();
    const deltas = [];
    const begun = performance.now();
    let last = begun;
    const step = (now) => {
      deltas.push(now - last);
      last = now;
      frame.scrollTop = (frame.scrollTop + 4) % (frame.scrollHeight - frame.clientHeight);
      if (now - begun < 15000) requestAnimationFrame(step); else done(deltas);
    };
    requestAnimationFrame(step);
  })`);
  clearInterval(ticking);
  const sorted = [...deltas].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  console.log(
    `frames with ${destinations} destinations: median ${at(0.5)} ms, 99 % within ${at(0.99)} ms, longest ${at(0.9999)} ms`,
  );
  await chromium.close();
  await http.close(0);
}

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
