// bench:scale: cost and memory per socket from 1,000 to 1,000,000 rows of a generated table under --procfs.
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLook } from '../../agent/look/make.ts';
import { COLLECTORS, ENGINE_COLLECTORS } from '../../collectors/index.ts';
import { root } from '../support/golden.ts';
import { encodeRow, encodeTable, HEADER_V4, type Row } from '../support/proc-net-tcp.ts';
import { alternate, DEFAULTS, median, ownCpu } from './support.ts';

const SIZES = [1000, 10_000, 100_000, 1_000_000] as const;
/** Outgoing: as many ports a destination as a busy client has. Incoming: half of a proxy's table. */
const MIXES = {
  outbound: (index: number): Row => ({
    local: [0x0a090001],
    localPort: 32768 + (index % 28000),
    remote: [0x0a090100 + Math.floor(index / 20_000)],
    remotePort: 8080,
    state: index % 10 === 0 ? 'established' : 'time_wait',
    timer: 3,
    timerLeft: index % 6000,
  }),
  'a destination each': (index: number): Row => ({
    local: [0x0a090001],
    localPort: 32768 + (index % 28000),
    remote: [0x0b000000 + index],
    remotePort: 443,
    state: 'established',
  }),
  inbound: (index: number): Row => ({
    local: [0x0a090001],
    localPort: 443,
    remote: [0x0b000000 + Math.floor(index / 60_000)],
    remotePort: 1024 + (index % 60_000),
    state: 'established',
  }),
} as const;

const listener: Row = { local: [0], localPort: 443, remote: [0], remotePort: 0, state: 'listen' };

function writeTree(directory: string, mix: keyof typeof MIXES, size: number): void {
  mkdirSync(join(directory, 'net'), { recursive: true });
  mkdirSync(join(directory, 'sys/net/ipv4'), { recursive: true });
  for (const recorded of ['proc-sys-net-ipv4', 'proc-net-counters']) {
    cpSync(`${root}test/fixtures/${recorded}`, directory, { recursive: true });
  }
  writeFileSync(join(directory, 'sys/net/ipv4/ip_local_port_range'), '32768\t60999\n');
  writeFileSync(join(directory, 'net/tcp6'), encodeTable([], 6));
  const file = openSync(join(directory, 'net/tcp'), 'w');
  writeSync(file, `${HEADER_V4.padEnd(149)}\n${encodeRow(0, listener, 4)}\n`);
  for (let from = 0; from < size; from += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, size - from) }, (_, index) =>
      encodeRow(from + index + 1, MIXES[mix](from + index), 4),
    );
    writeSync(file, `${rows.join('\n')}\n`);
  }
  closeSync(file);
}

function lookAt(directory: string) {
  const config = { ...DEFAULTS, procfs: directory, engine: 'procfs', netns: 'self', ask: 'off' } as const;
  const look = makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'once');
  return () => look.once({ now: 0, asked: [], inventory: null, gaps: [] });
}

/** RSS of a process of its own after some looks: what the table costs to keep, garbage collected. */
if (process.argv[2] === 'rss') {
  const take = lookAt(process.argv[3]!);
  for (let run = 0; run < 8; run++) take();
  globalThis.gc?.();
  console.log(process.memoryUsage().rss);
  process.exit(0);
}
const rssAt = (directory: string) => {
  const args = ['--expose-gc', process.argv[1]!, 'rss', directory];
  return Number(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
};

console.log('mix                  rows        ns CPU a row   × of 10,000 rows   bytes RSS a row above 1,000 rows');
for (const mix of Object.keys(MIXES) as (keyof typeof MIXES)[]) {
  const directories = SIZES.map((size) => {
    const directory = mkdtempSync(join(tmpdir(), `lastport-bench-${size}-`));
    writeTree(directory, mix, size);
    return directory;
  });
  try {
    const takes = directories.map(lookAt);
    for (const take of takes.slice(0, 3)) for (let warmUp = 0; warmUp < 20; warmUp++) take();
    // As many rows a measurement for each size, so that the clock's grain is the same for all.
    const subjects = Object.fromEntries(
      SIZES.map((size, index) => {
        const runs = Math.max(1, 500_000 / size);
        const measure = () =>
          ownCpu(() => {
            for (let run = 0; run < runs; run++) takes[index]!();
          });
        return [size, () => (measure() / runs / size) * 1e6];
      }),
    );
    const costs = await alternate(5, subjects);
    const rss = directories.map((directory) => median([1, 2, 3].map(() => rssAt(directory))));
    for (const [index, size] of SIZES.entries()) {
      const cost = costs[String(size)]!;
      const bytes = size === 1000 ? '' : ((rss[index]! - rss[0]!) / (size - 1000)).toFixed(0);
      console.log(
        `${mix.padEnd(20)} ${size.toLocaleString('en').padEnd(11)} ${cost.toFixed(0).padStart(8)} ` +
          `${(cost / costs['10000']!).toFixed(2).padStart(14)} ${bytes.padStart(20)}`,
      );
    }
  } finally {
    for (const directory of directories) rmSync(directory, { recursive: true });
  }
}
