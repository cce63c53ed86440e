// The loop: change an input, run it, keep it if it reaches a block that none before has reached.
import { performance } from 'node:perf_hooks';
import { isFound, type Kept } from './corpus.ts';
import type { Coverage } from './coverage.ts';
import { type Material, mutate, pick, randomFrom } from './mutate.ts';
import { bytesOf, type Target } from './target.ts';

/** Inputs between two looks at the counters, which cost as much as many inputs. */
const BATCH = 32;
/** Longer than any input needs, on a machine with other work to do; what is quadratic needs more. In ms, and ms a byte. */
const SLOWEST_MS = 250;
const SLOWEST_BYTE_MS = 0.03;
/** A run over time is run again: others want the processor too. */
const TRIES = 4;
/** In bytes, of the whole process. */
const MOST_MEMORY = 1 << 30;
const MOST_BYTES = 16 * 1024;

export interface Finding {
  readonly input: Buffer;
  readonly error: Error;
}

export interface Outcome {
  readonly runs: number;
  /** Blocks reached, and known: those of all functions that ever ran. */
  readonly reached: number;
  readonly known: number;
  /** What is worth keeping: together it reaches all that was reached. */
  readonly inputs: readonly Buffer[];
  readonly finding: Finding | null;
}

export interface Limits {
  readonly seconds: number;
  readonly seed: number;
  /** Told before each run, so that one that never ends can be named. */
  readonly onRun: (input: Buffer) => void;
}

export async function fuzz(
  target: Target,
  kept: readonly Kept[],
  coverage: Coverage,
  limits: Limits,
): Promise<Outcome> {
  const random = randomFrom(limits.seed);
  const inputs = [...target.seeds.map(bytesOf), ...kept.filter((one) => !isFound(one)).map(({ input }) => input)];
  const mostBytes = target.mostBytes ?? MOST_BYTES;
  const material: Material = { corpus: inputs, tokens: (target.tokens ?? []).map(bytesOf), mostBytes };
  const reached = new Set<string>();
  let runs = 0;
  const run = async (input: Buffer): Promise<Finding | null> => {
    limits.onRun(input);
    runs++;
    return attempt(target, input);
  };
  const isNews = (): boolean => {
    const before = reached.size;
    for (const block of coverage.take()) reached.add(block);
    return reached.size > before;
  };
  const outcome = async (finding: Finding | null): Promise<Outcome> => ({
    runs,
    reached: reached.size,
    known: coverage.known,
    inputs: finding === null ? await smallest(target, inputs, coverage) : inputs,
    finding,
  });

  for (const input of [...inputs, ...kept.filter(isFound).map((one) => one.input)]) {
    const finding = await run(input);
    if (finding !== null) return await outcome(finding);
  }
  isNews();
  const end = performance.now() + limits.seconds * 1000;
  while (performance.now() < end) {
    const batch = Array.from({ length: BATCH }, () => {
      // The latest are the least explored.
      const recent = random(2) === 0 ? inputs.slice(-8) : inputs;
      return Buffer.from(mutate(pick(recent, random) as Buffer, material, random));
    });
    for (const input of batch) {
      const finding = await run(input);
      if (finding !== null) return await outcome({ ...finding, input: await shrunk(target, finding) });
    }
    if (process.memoryUsage.rss() > MOST_MEMORY) {
      return await outcome({ input: batch.at(-1) as Buffer, error: new Error('the process has more than 1 GiB') });
    }
    const before = new Set(reached);
    if (!isNews()) continue;
    // Which of them was it?
    const news = [...reached].filter((block) => !before.has(block));
    for (const input of batch) {
      await run(input);
      const blocks = coverage.take();
      const own = news.filter((block) => blocks.has(block));
      if (own.length === 0) continue;
      inputs.push(input);
      for (const block of own) news.splice(news.indexOf(block), 1);
    }
  }
  return await outcome(null);
}

/** null: all that must hold does. */
export async function attempt({ run }: Target, input: Buffer, leastMs = SLOWEST_MS): Promise<Finding | null> {
  const slowestMs = leastMs + input.length * SLOWEST_BYTE_MS;
  let fastest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && fastest > slowestMs; tries++) {
    const start = performance.now();
    try {
      const running = run(input);
      if (running !== undefined) await running;
    } catch (error) {
      return { input, error: error as Error };
    }
    fastest = Math.min(fastest, performance.now() - start);
  }
  if (fastest <= slowestMs) return null;
  return { input, error: new Error(`${input.length} bytes took ${fastest.toFixed(0)} ms`) };
}

/** Shorter ones first, and only what reaches something that those before it do not. */
async function smallest(target: Target, inputs: readonly Buffer[], coverage: Coverage): Promise<readonly Buffer[]> {
  const reached = new Set<string>();
  const chosen: Buffer[] = [];
  for (const input of [...inputs].sort((a, b) => a.length - b.length)) {
    coverage.take();
    if ((await attempt(target, input)) !== null) continue;
    const before = reached.size;
    for (const block of coverage.take()) reached.add(block);
    if (reached.size > before) chosen.push(input);
  }
  return chosen;
}

/** Leaves out pieces for as long as it breaks in the same way. */
async function shrunk(target: Target, { input, error }: Finding): Promise<Buffer> {
  let best = input;
  const end = performance.now() + 5000;
  for (let size = best.length >> 1; size > 0 && performance.now() < end; size >>= 1) {
    for (let at = 0; at + size <= best.length && performance.now() < end; ) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      const found = await attempt(target, shorter);
      if (found !== null && kindOf(found.error) === kindOf(error)) best = shorter;
      else at += size;
    }
  }
  return best;
}

const kindOf = ({ name, message }: Error): string => `${name} ${message.replace(/\d+|"[^"]*"/g, '#').slice(0, 60)}`;
