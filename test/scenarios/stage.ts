import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../e2e/until.ts';
import { Netns, type NetnsSettings, type Side } from '../kernel/netns.ts';

export const PROGRAMS = fileURLToPath(new URL('../../../test/scenarios/programs/', import.meta.url));

/** The machine may have a proxy set, which is not inside. */
const NO_PROXY = { NO_PROXY: '*', no_proxy: '*' };

/** Ten programs at once may start here, on a machine that is slow today. */
export const START_PATIENCE_MS = 60_000;

export interface StartOptions {
  readonly where?: Side;
  readonly env?: Readonly<Record<string, string>>;
  /** The line it prints when it is as far as that; without one it is no program of ours, and ends by SIGTERM. */
  readonly awaits?: 'ready' | 'done';
  readonly patienceMs?: number;
}

/** Where the programs of a scenario run: a pair of namespaces, its own or one in which others, as Lastport, are already. */
export class Stage {
  readonly net: Netns;
  readonly folder: string;
  private readonly isOwn: boolean;
  private readonly running: { readonly name: string; readonly pid: number; readonly isHeld: boolean }[] = [];
  private startedCount = 0;

  constructor(net: Netns, folder: string, isOwn = false) {
    this.net = net;
    this.folder = folder;
    this.isOwn = isOwn;
  }

  static async open(settings: NetnsSettings = {}): Promise<Stage> {
    return new Stage(await Netns.open(settings), mkdtempSync(join(tmpdir(), 'lastport-scenario-')), true);
  }

  /** Another in the same namespaces, whose programs end without those that are here. */
  inner(): Stage {
    return new Stage(this.net, mkdtempSync(join(this.folder, 'inner-')));
  }

  /** Starts a program that stays until end(); returns once it has printed the line awaited, with the facts behind it. */
  async start(name: string, argv: readonly string[], options: StartOptions = {}): Promise<Record<string, unknown>> {
    const { where = 'client', env = {}, awaits, patienceMs = START_PATIENCE_MS } = options;
    const log = join(this.folder, `${this.startedCount++}-${name}.log`);
    const pairs = Object.entries({ ...NO_PROXY, ...env }).map(([key, value]) => `${key}=${value}`);
    const isHeld = awaits !== undefined;
    const pid = await this.net.start(['env', ...pairs, ...argv], log, where, isHeld);
    this.running.push({ name, pid, isHeld });
    if (awaits === undefined) return {};
    const line = new RegExp(`^${awaits}(?: (.*))?$`, 'm');
    const said = () => readFileSync(log, 'utf8');
    const [, facts = '{}'] = await until(
      `${name} is ${awaits}`,
      async () => line.exec(said()),
      () => said().slice(-2000),
      patienceMs,
    );
    return JSON.parse(facts) as Record<string, unknown>;
  }

  /** Starts a program that says nothing of how far it is; returns the path of what it prints. */
  async log(name: string, argv: readonly string[]): Promise<string> {
    const path = join(this.folder, `${this.startedCount}-${name}.log`);
    await this.start(name, argv);
    return path;
  }

  pidOf(name: string): number | undefined {
    return this.running.find((one) => one.name === name)?.pid;
  }

  /** Ends all programs that were started here, the last first. */
  async end(): Promise<void> {
    const failures: unknown[] = [];
    for (const { pid, isHeld } of this.running.splice(0).reverse()) {
      await (isHeld ? this.net.release(pid) : this.net.stop(pid)).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Ends everything, the namespaces too if they are its own. */
  async close(): Promise<void> {
    try {
      await this.end();
    } finally {
      if (this.isOwn) {
        await this.net.close();
        rmSync(this.folder, { recursive: true, force: true });
      }
    }
  }
}
