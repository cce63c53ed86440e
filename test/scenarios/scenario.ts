import { until } from '../e2e/until.ts';
import { type KernelCounts, kernelCounts, meets, passiveOpens } from './kernel-counts.ts';
import type { TestNode } from './nodes.ts';
import type { Situation, UndiciOf } from './situation.ts';
import type { Stage } from './stage.ts';

const SERVER = '10.9.0.2:8080';

export interface ScenarioOptions {
  readonly node: TestNode;
  readonly undici: UndiciOf;
  /** Instead of the situation's own. */
  readonly count?: number;
  /** Any port of 10.9.0.2: one of its own for each of those who share a namespace. */
  readonly destination?: string;
  /** server.mjs runs there already. */
  readonly isServed?: boolean;
  /** Requests a second, for the program that makes them; without it as fast as the situation has it. */
  readonly rate?: number;
  /** For the program whose ports are looked at: a probe. */
  readonly env?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
}

export interface Played {
  /** As the kernel's tables name it. */
  readonly destination: string;
  readonly counts: KernelCounts;
  /** What the client said when it was done. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Plays a situation on a stage: starts its programs, waits until they are done, and until the kernel has what is expected
 * of it. The programs and their connections stay until the stage ends them.
 */
export async function play(stage: Stage, situation: Situation, options: ScenarioOptions): Promise<Played> {
  const { node, undici, count = situation.count, env = {}, isServed = false, patienceMs = 20_000 } = options;
  const destination = situation.destination ?? options.destination ?? SERVER;
  const expected = situation.kernel(count, undici);
  if (situation.nft !== undefined) await nft(stage, situation.nft);
  const openedBefore = await passiveOpens(stage.net);
  let facts: Record<string, unknown> = {};
  for (const program of situation.programs({ node, undici, destination, count, folder: stage.folder })) {
    if (isServed && program.isPlainServer) continue;
    const { where = 'client', awaits, listensAt } = program;
    const all = {
      ...program.env,
      ...(program.isClient ? env : {}),
      ...(options.rate !== undefined && awaits === 'done' ? { RATE: String(options.rate) } : {}),
    };
    const said = await stage.start(program.name, program.argv, {
      where,
      env: all,
      patienceMs,
      ...(awaits === undefined ? {} : { awaits }),
    });
    if (awaits === 'done') facts = said;
    if (listensAt !== undefined) await listening(stage, listensAt);
  }
  let counts: KernelCounts | null = null;
  await until(
    `what the kernel should have: ${JSON.stringify(expected)}`,
    async () => {
      counts = await kernelCounts(stage.net, destination, openedBefore);
      return meets(counts, expected) ? counts : null;
    },
    () => `it has ${JSON.stringify(counts)}; the client: ${JSON.stringify(facts)}`,
  );
  return { destination, counts: counts!, facts };
}

async function nft(stage: Stage, lines: readonly string[]): Promise<void> {
  const { status, stderr } = await stage.net.run(['nft', lines.join('\n')]);
  if (status !== 0) throw new Error(`nft: ${stderr}`);
}

/** A program that does not tell when it is ready: until the tables have its listening socket. */
async function listening(stage: Stage, at: string): Promise<void> {
  await until(`somebody listens at ${at}`, async () => {
    const rows = await stage.net.rows('client');
    return rows.find((row) => row.startsWith(`${at} `) && row.split(' ')[2] === '0A') ?? null;
  });
}
