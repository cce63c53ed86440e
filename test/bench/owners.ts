// bench:owners: what it costs to know whose 30,000 sockets of 500 processes are, by the daemon's own budget: 1 % of a core.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic, realHost } from '../../agent/host.ts';
import { OwnersBudget } from '../../agent/look/owners-budget.ts';
import { lazyLibc } from '../../collectors/libc.ts';
import { SocketHolders } from '../../collectors/proc-fd.ts';
import { Programs } from '../../collectors/programs.ts';
import { sockDiag } from '../../collectors/sock-diag.ts';
import { threadCpu } from '../../collectors/thread-cpu.ts';
import { insideOwnNetns, ownCpu } from './support.ts';

insideOwnNetns();

const PROCESSES = 500;
/** Of each process, which has the other ends of these connections too. */
const SOCKETS = 60;
const TICK_MS = 1000;
/** Until what the budget has saved for such a moment is spent; then those that count. */
const SPENDING_TICKS = 30;
const TICKS = 30;

/** Those processes; each replaces so many connections a second. */
const SCRIPT = `
import os, socket, sys, time
processes, pairs, new = map(int, sys.argv[1:])
def work(index):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((f'127.0.{index // 200 + 1}.{index % 200 + 1}', 9000)); server.listen(100)
    def pair():
        client = socket.socket()
        client.connect(server.getsockname())
        return client, server.accept()[0]
    held = [pair() for _ in range(pairs)]
    os.write(1, b'.')
    time.sleep(index % 100 / 100)
    while True:
        time.sleep(1)
        for _ in range(new):
            for end in held.pop(0): end.close()
            held.append(pair())
for index in range(processes):
    if os.fork() == 0: work(index)
time.sleep(3600)
`;

async function measure(newPerSecond: number): Promise<void> {
  const argv = ['-c', SCRIPT, PROCESSES, SOCKETS, newPerSecond / PROCESSES].map(String);
  const children = spawn('python3', argv, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  await new Promise<void>((resolve) => {
    let ready = 0;
    children.stdout.on('data', (told: Buffer) => {
      ready += told.length;
      if (ready === PROCESSES) resolve();
    });
  });
  const host = realHost('/proc');
  const cpu = threadCpu(host, lazyLibc(), monotonic);
  const holders = new SocketHolders(host, new Programs(host), monotonic, cpu);
  const budget = new OwnersBudget({ owners: holders, cpu }, monotonic);
  const collector = sockDiag(lazyLibc());
  const inodes = (): Uint32Array => {
    const readings = { ...EMPTY, interfaces: new Map(), counters: {}, gaps: [] };
    collector.collect(readings, host);
    const { sockets } = readings as { sockets: { inode: Uint32Array; rowCount: number } | null };
    return sockets?.inode.slice(0, sockets.rowCount) ?? new Uint32Array();
  };
  const first = inodes();
  const whole = ownCpu(() => holders.seek(first, Number.POSITIVE_INFINITY, null));
  let cost = 0;
  let unknown = 0;
  for (let tick = -SPENDING_TICKS; tick < TICKS; tick++) {
    await delay(TICK_MS);
    const now = inodes();
    const spent = ownCpu(() => {
      budget.topUp();
      budget.seek(now, null);
    });
    if (tick >= 0) cost += spent;
    unknown = now.filter((inode) => inode !== 0 && holders.holderOf(inode) === 0).length;
  }
  console.log(
    `${first.length} sockets of ${PROCESSES} processes, ${newPerSecond} new a second: first ${whole.toFixed(0)} ms; ` +
      `then ${(cost / TICKS).toFixed(1)} ms a tick, ${((cost / TICKS / TICK_MS) * 100).toFixed(2)} % of a core; ` +
      `${unknown} not known at the last`,
  );
  process.kill(-(children.pid as number), 'SIGKILL');
  await once(children, 'close');
}

const EMPTY = {
  netns: { inode: null, label: '' },
  engine: null,
  wantsBound: false,
  sockets: null,
  ports: null,
  unlistedSockets: null,
};

await measure(0);
await measure(PROCESSES);
