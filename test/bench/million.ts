// bench:million: `lastport run` beside up to a million real sockets: in one network namespace, and over many. CPU, memory,
// how long a look takes, and how long /metrics takes meanwhile.
//
// The sockets are put into their state by TCP_REPAIR, so that none needs a peer: connect() without a packet.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAIN } from '../support/program.ts';
import { cpuMs, insideOwnNetns, request } from './support.ts';

/** A process may have 20,000 files open on many systems. */
const PER_HOLDER = 19_000;
const STEPS = [19_000, 190_000, 988_000];
const SETTLE_MS = 15_000;
const MEASURE_MS = 20_000;
const SCRAPE_EVERY_MS = 50;
const { LASTPORT_BENCH_NETNS: _, ...env } = process.env;

insideOwnNetns();

const HOLDER = `
import socket, sys
TCP_REPAIR = 19
keep = []
for n in range(int(sys.argv[2])):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    # Not more to one destination than the first parity of the range has.
    s.connect(("127.1.%s.1" % sys.argv[1], 80 + n // 9500))
    keep.append(s)
print("ready", flush=True)
sys.stdin.read()
`;

/** Processes with PER_HOLDER sockets each, all in this namespace or each in its own. */
async function hold(count: number, isSpread: boolean, first: number): Promise<ChildProcess[]> {
  const holders: ChildProcess[] = [];
  for (let made = 0; made < count; made += PER_HOLDER) {
    const command = [
      'python3',
      '-c',
      HOLDER,
      String(first + made / PER_HOLDER),
      String(Math.min(PER_HOLDER, count - made)),
    ];
    const [program, ...args] = isSpread
      ? ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"', ...command]
      : command;
    const holder = spawn(program as string, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    await once(holder.stdout as NonNullable<typeof holder.stdout>, 'data');
    holders.push(holder);
  }
  return holders;
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] as number;

async function measure(count: number, netns: string): Promise<void> {
  const socket = join(mkdtempSync(join(tmpdir(), 'lastport-bench-')), 'socket');
  const child = spawn(process.execPath, [MAIN, 'run', '--listen', `unix:${socket}`, '--netns', netns], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.stdout.resume();
  await delay(SETTLE_MS);
  const pid = child.pid as number;
  const before = cpuMs(pid);
  const begun = performance.now();
  const scrapes: number[] = [];
  const looks = new Map<string, number>();
  while (performance.now() - begun < MEASURE_MS) {
    const start = performance.now();
    await request(socket, '/metrics');
    scrapes.push(performance.now() - start);
    if (scrapes.length % 10 === 0) {
      const { takenAt, tookMs } = JSON.parse(await request(socket, '/api/assessment'));
      looks.set(takenAt, tookMs);
    }
    await delay(SCRAPE_EVERY_MS);
  }
  const share = (cpuMs(pid) - before) / (performance.now() - begun);
  const memory = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mib = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(memory)?.[1]) / 1024).toFixed(0);
  const { namespaces } = JSON.parse(await request(socket, '/api/assessment'));
  const seen = namespaces.reduce((sum: number, { sockets }: { sockets: number }) => sum + sockets, 0);
  scrapes.sort((a, b) => a - b);
  const took = [...looks.values()].sort((a, b) => a - b);
  console.log(
    `${String(count).padStart(9)} sockets (${seen} seen, ${namespaces.length} namespaces)  ` +
      `tick p50 ${at(took, 0.5).toFixed(1)} max ${at(took, 1).toFixed(1)} ms  ${(share * 100).toFixed(1)} % of a core  ` +
      `RSS ${mib('VmRSS')} MiB, highest ${mib('VmHWM')}  ` +
      `/metrics p50 ${at(scrapes, 0.5).toFixed(1)} p99 ${at(scrapes, 0.99).toFixed(1)} max ${at(scrapes, 1).toFixed(1)} ms ` +
      `(${scrapes.length})`,
  );
  child.kill();
  await once(child, 'close');
}

for (const [what, isSpread] of [
  ['all in one namespace', false],
  [`a namespace for every ${PER_HOLDER}`, true],
] as const) {
  console.log(what);
  const holders: ChildProcess[] = [];
  for (const count of STEPS) {
    const held = holders.length * PER_HOLDER;
    holders.push(...(await hold(count - held, isSpread, holders.length)));
    await measure(count, isSpread ? 'all' : 'self');
  }
  for (const holder of holders) holder.kill();
  await Promise.all(holders.map((holder) => once(holder, 'close')));
}
