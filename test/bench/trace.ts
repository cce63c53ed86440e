// bench:trace: what --trace costs at a steady load, and the rate that each way of telling it comes to: the trace, the
// looks, and the ages of TIME_WAIT in one single look.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Assessment } from '../../agent/model/assessment.ts';
import { MAIN } from '../support/program.ts';
import { cpuMs, median, request } from './support.ts';

/** Connections a second, each closed by the client at once, spread over eight destinations. */
const LOAD = `
import os, socket, sys, time
rate = int(sys.argv[1])
with open('/proc/sys/net/ipv4/tcp_tw_reuse', 'w') as file: file.write('0')
server = socket.socket()
server.bind(('0.0.0.0', 9000)); server.listen(100)
print('ready', flush=True)
start = time.monotonic()
made = told = 0
while True:
    due = int((time.monotonic() - start) * rate)
    while made < due:
        client = socket.socket()
        client.connect((f'127.0.0.{2 + made % 8}', 9000))
        peer = server.accept()[0]
        client.close(); peer.close()
        made += 1
    if time.monotonic() - start >= told:
        times = os.times()
        print(made, time.monotonic() - start, (times.user + times.system) / max(made, 1) * 1e6, flush=True)
        told += 0.5
    time.sleep(0.002)
`;

const ROUNDS = 3;
/** Slow ones are told by what TIME_WAIT of 30 s show. */
const warmMs = (rate: number): number => (rate < 1000 ? 25_000 : 6000);
const MEASURE_MS = 10_000;

if (process.env['BENCH_INSIDE'] === undefined) {
  for (const rate of [100, 1000, 4000, 5000]) {
    const results: Record<string, Result[]> = { plain: [], traced: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['plain', 'traced'] as const) results[name]?.push(inside(rate, name === 'traced'));
    }
    const of = (name: 'plain' | 'traced', pick: (one: Result) => number) => median((results[name] ?? []).map(pick));
    const error = (name: 'plain' | 'traced', pick: (one: Result) => number) =>
      `${(of(name, (one) => (pick(one) / one.truth - 1) * 100)).toFixed(1)} %`;
    const plain = of('plain', ({ share }) => share);
    const traced = of('traced', ({ share }) => share);
    const load = of('traced', ({ loadUs }) => loadUs) - of('plain', ({ loadUs }) => loadUs);
    console.log(
      `${rate}/s (made ${of('traced', ({ truth }) => truth).toFixed(0)}/s): ` +
        `agent ${plain.toFixed(1)} % of a core, traced ${traced.toFixed(1)} %; ` +
        `each connection ${load.toFixed(1)} us dearer; lost ${of('traced', ({ lost }) => lost)}, ` +
        `mode ${results['traced']?.map(({ mode }) => mode).join(' ')}\n` +
        `  rate off by: trace ${error('traced', ({ rate: told }) => told)}, ` +
        `looks ${error('plain', ({ rate: told }) => told)}, ages ${error('plain', ({ byAge }) => byAge)}`,
    );
  }
} else {
  const [rate, traced] = process.argv.slice(-2);
  console.log(JSON.stringify(await measure(Number(rate), traced === 'true')));
}

interface Result {
  /** Connections a second, as they were made. */
  readonly truth: number;
  readonly rate: number;
  readonly byAge: number;
  /** CPU of the agent, of a core, in percent. */
  readonly share: number;
  /** CPU of the load for one connection. */
  readonly loadUs: number;
  readonly lost: number;
  readonly mode: string;
}

function inside(rate: number, traced: boolean): Result {
  const script = 'ip link set lo up; mount -t tracefs nodev /sys/kernel/tracing; exec "$0" "$@"';
  const argv = [process.execPath, process.argv[1] as string, String(rate), String(traced)];
  const text = execFileSync('unshare', ['-n', '-m', 'sh', '-c', script, ...argv], {
    encoding: 'utf8',
    env: { ...process.env, BENCH_INSIDE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(text) as Result;
}

async function measure(rate: number, traced: boolean): Promise<Result> {
  const load = spawn('python3', ['-c', LOAD, String(rate)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told: { made: number; at: number; us: number } = { made: 0, at: 0, us: 0 };
  createInterface({ input: load.stdout }).on('line', (line) => {
    const [made = 0, at = 0, us = 0] = line.split(' ').map(Number);
    told = { made, at, us };
  });
  const socket = join(mkdtempSync(join(tmpdir(), 'lastport-bench-')), 'socket');
  const flags = ['run', '--netns', 'self', '--listen', `unix:${socket}`, ...(traced ? ['--trace'] : [])];
  const agent = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(agent.stdout, 'data');
  agent.stdout.resume();
  const pid = agent.pid as number;
  await delay(warmMs(rate));
  const before = { cpu: cpuMs(pid), ...told };
  await delay(MEASURE_MS);
  const share = ((cpuMs(pid) - before.cpu) / MEASURE_MS) * 100;
  const truth = (told.made - before.made) / (told.at - before.at);
  const assessment = JSON.parse(await request(socket, '/api/assessment')) as Assessment;
  const checked = spawnSync(process.execPath, [MAIN, 'check', '--netns', 'self', '--format', 'json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  agent.kill();
  load.kill();
  await Promise.all([once(agent, 'close'), once(load, 'close')]);
  const { mode = 'none', lostEvents: lost = 0 } = assessment.trace ?? {};
  return {
    truth,
    rate: opens(assessment),
    byAge: opens(JSON.parse(checked.stdout) as Assessment),
    share,
    loadUs: told.us,
    lost,
    mode,
  };
}

function opens({ namespaces }: Assessment): number {
  const ours = (namespaces[0]?.destinations ?? []).filter(({ remotePort }) => remotePort === 9000);
  return ours.reduce((sum, { opensPerSecond }) => sum + (opensPerSecond ?? Number.NaN), 0);
}
