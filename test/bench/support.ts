// What the benchmarks share: medians of alternating repetitions, CPU of child programs, a private network namespace.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Daemons that are measured record incidents as they do by default, but not among this machine's own.
process.env['LASTPORT_STATE_DIR'] ??= mkdtempSync(join(tmpdir(), 'lastport-bench-state-'));

/** How a daemon looks at its defaults. */
export const DEFAULTS = {
  procfs: '/proc',
  engine: 'auto',
  netns: 'all',
  ask: 'auto',
  trace: false,
  ownersCommandLine: false,
  podLogs: null,
} as const;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs each subject once a round, in turn, so that whatever drifts drifts for all; the median of each. */
export async function alternate<Name extends string>(
  rounds: number,
  subjects: Record<Name, () => number | Promise<number>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(subjects) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results[name].push(await subjects[name]());
  }
  return Object.fromEntries(names.map((name) => [name, median(results[name])])) as Record<Name, number>;
}

/** User and system CPU of a command, in ms a run: `times` of a shell, whose children they are, over `runs` runs. */
export function cpuOf(command: string, runs: number): number {
  const script = `for i in $(seq ${runs}); do ${command}; done; times`;
  const text = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
  const children = text.trim().split('\n').at(-1) ?? '';
  const ms = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => (Number(m) * 60 + Number(s)) * 1000);
  return ms.reduce((sum, value) => sum + value, 0) / runs;
}

/** CPU of this process over `work`, in ms. */
export function ownCpu(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * CPU of a process in ms, all its threads: the scheduler's own nanoseconds (task/<tid>/schedstat). The ticks of
 * /proc/<pid>/stat are samples of 10 ms, too coarse for a thread that wakes for less.
 */
export function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ns = threads.map((tid) => Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]));
  return ns.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** Runs this program again in a network namespace of its own, or says why it can't, and ends. */
export function insideOwnNetns(): void {
  if (process.env['LASTPORT_BENCH_NETNS'] === '1') return;
  const unshare = process.getuid?.() === 0 ? ['-n'] : ['-r', '-n'];
  const command = [
    'ip link set lo up && exec "$0" "$@"',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  const { status, error } = spawnSync('unshare', [...unshare, 'sh', '-c', ...command], {
    stdio: 'inherit',
    env: { ...process.env, LASTPORT_BENCH_NETNS: '1' },
  });
  if (error) console.error(`needs unshare and iproute2: ${error.message}`);
  process.exit(status ?? 1);
}

/** Leaves `count` real TIME_WAIT of outgoing connections in this namespace, at most 5,000 a destination. */
export async function makeTimeWait(count: number): Promise<void> {
  writeFileSync('/proc/sys/net/ipv4/tcp_tw_reuse', '0');
  for (let made = 0; made < count; made += 5000) {
    // The client closes first: the TIME_WAIT is its own.
    const server = createServer((socket) => socket.on('end', () => socket.end()).resume());
    server.listen(9000 + made / 5000, '127.0.0.1', 1024);
    await once(server, 'listening');
    for (let batch = 0; batch < Math.min(5000, count - made); batch += 100) {
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = connect(9000 + made / 5000, '127.0.0.1');
          await once(socket, 'connect');
          socket.end().resume();
          await once(socket, 'close');
        }),
      );
    }
    server.close();
  }
}

/** `count` processes that each hold a namespace with 100 sockets. */
export async function populate(count: number): Promise<ChildProcess[]> {
  const script = [
    'import socket,sys,time',
    'keep=[]',
    's=socket.socket(); s.bind(("127.0.0.1",8080)); s.listen(200); keep.append(s)',
    'for i in range(50):',
    ' c=socket.socket(); c.connect(("127.0.0.1",8080)); keep.append(c); keep.append(s.accept()[0])',
    'print("ready",flush=True)',
    'sys.stdin.read()',
  ].join('\n');
  const children = Array.from({ length: count }, () =>
    spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up && exec python3 -c "$0"', script]),
  );
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  return children;
}

/** A process that holds these ports, bound and no more. */
export async function bindPorts(ports: readonly number[]): Promise<ChildProcess> {
  const script = [
    'import socket,sys',
    'keep=[socket.socket() for port in sys.argv[1:]]',
    'for s,port in zip(keep,sys.argv[1:]): s.bind(("127.0.0.1",int(port)))',
    'print("ready",flush=True)',
    'sys.stdin.read()',
  ].join('\n');
  const child = spawn('python3', ['-c', script, ...ports.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** GET over a Unix socket. */
export function request(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, agent: false }, (response) => {
      const chunks: string[] = [];
      response.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
      response.on('end', () => resolve(chunks.join('')));
    }).on('error', reject);
  });
}
