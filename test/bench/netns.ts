// bench:netns: 200 network namespaces with 100 sockets each: the CPU of a tick, and how soon the daemon shows a storm that
// starts in one of them; beside it the same where there is only that one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { makeLook } from '../../agent/look/make.ts';
import { COLLECTORS, ENGINE_COLLECTORS } from '../../collectors/index.ts';
import { MAIN } from '../support/program.ts';
import { DEFAULTS, insideOwnNetns, median, ownCpu, populate, request } from './support.ts';

const NAMESPACES = 200;
const TICKS = 120;
const STORMS = 9;
/** 2 % of the default range, in a namespace that has 5 % in use: the least that is called a rise. */
const RISE = 0.05 * 28_232 + 0.02 * 28_232;
const { LASTPORT_BENCH_NETNS: _, ...env } = process.env;

insideOwnNetns();

/** CPU of a tick, one a second on its own clock, after those in which everything is new. */
function tickCpu(): { readonly typical: number; readonly worst: number } {
  let clock = 0;
  const look = makeLook(COLLECTORS, ENGINE_COLLECTORS, DEFAULTS, 'ticks', () => clock + performance.now());
  const request = { asked: [], inventory: null, gaps: [] };
  const ms: number[] = [];
  for (let tick = 0; tick < TICKS; tick++) {
    clock += 1000;
    const cpu = ownCpu(() => look.tick({ ...request, now: clock }));
    if (tick >= TICKS / 2) ms.push(cpu);
  }
  look.close();
  return { typical: median(ms), worst: Math.max(...ms) };
}

/** 4,000 connections a second, in a namespace of its own that begins with it; tells when it begins. */
const STORM = `
import socket, sys, threading, time
s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen(4096)
def serve():
    while True:
        c = s.accept()[0]; c.recv(1); c.close()
threading.Thread(target=serve, daemon=True).start()
def connect():
    c = socket.socket(); c.connect(("127.0.0.1", 8080)); c.close()
print("ready", flush=True)
sys.stdin.readline()
begin = time.time()
print(begin, flush=True)
for n in range(12000):
    connect()
    ahead = begin + n / 4000 - time.time()
    if ahead > 0.001: time.sleep(ahead)
print("done", flush=True)
`;

async function stormLatency(): Promise<number> {
  const socket = join(mkdtempSync(join(tmpdir(), 'lastport-bench-')), 'socket');
  const daemon = spawn(process.execPath, [MAIN, 'run', '--listen', `unix:${socket}`], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(daemon.stdout, 'data');
  daemon.stdout.resume();
  const latencies: number[] = [];
  for (let storm = 0; storm < STORMS; storm++) {
    const child = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up && exec python3 -c "$0"', STORM]);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    // Not in step with the ticks.
    await delay(3000 + storm * 137);
    child.stdin.write('\n');
    const begin = Number((await lines.next()).value) * 1000;
    for (;;) {
      const { namespaces, takenAt } = JSON.parse(await request(socket, '/api/assessment'));
      const [worst] = namespaces.flatMap(({ destinations }: { destinations: { usedPorts: number }[] }) => destinations);
      const used = Math.max(0, worst?.usedPorts ?? 0);
      const all = namespaces.map(
        (one: { destinations: { usedPorts: number }[] }) => one.destinations[0]?.usedPorts ?? 0,
      );
      if (Math.max(used, ...all) >= RISE) {
        latencies.push(Date.parse(takenAt) - begin);
        break;
      }
      await delay(5);
    }
    child.kill();
    await once(child, 'close');
  }
  daemon.kill();
  await once(daemon, 'close');
  latencies.sort((a, b) => a - b);
  console.log(`  storm seen after ${latencies.map((ms) => ms.toFixed(0)).join(' ')} ms`);
  return median(latencies);
}

async function measure(what: string): Promise<void> {
  console.log(what);
  const { typical, worst } = tickCpu();
  console.log(`  a tick: ${typical.toFixed(1)} ms CPU, the dearest of ${TICKS / 2}: ${worst.toFixed(1)} ms`);
  console.log(
    `  a storm of 4,000 connections/s is seen at 7 % of the ports: ${(await stormLatency()).toFixed(0)} ms (median)`,
  );
}

await measure('no other namespace');
const children: ChildProcess[] = await populate(NAMESPACES);
await measure(`${NAMESPACES} namespaces with 100 sockets each`);
for (const child of children) child.kill();
await Promise.all(children.map((child) => once(child, 'close')));
