import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Assessment } from '../../agent/model/assessment.ts';
import { Netns, type Side } from '../kernel/netns.ts';
import { LASTPORT } from '../kernel/situation.ts';
import { needs } from '../support/needs.ts';
import { logTails, until } from './until.ts';

/** Of an even size, so that the kernel walks all of it; above what curl and Prometheus take on the loopback meanwhile. */
const RANGE = [40000, 40999] as const;
export const USABLE = RANGE[1] - RANGE[0] + 1;
/** Where `lastport run` listens unless it is told otherwise. */
export const LASTPORT_AT = '127.0.0.1:9477';

// The machine may have a proxy set, which is not inside. From a port outside the range: who asks changes nothing there.
const CURL = [
  'curl',
  '--local-port',
  '20000-29999',
  '--silent',
  '--show-error',
  '--fail',
  '--noproxy',
  '*',
  '--max-time',
  '5',
];
const FETCH = `require('node:http').get(process.argv[1], (response) => {
  process.exitCode = response.statusCode === 200 ? 0 : 22;
  response.pipe(process.stdout);
})`;
const GET = needs('curl') === false ? CURL : [process.execPath, '-e', FETCH];

export interface InsideOptions {
  readonly tick?: string;
  /** Of `lastport run`, beside those that it always has here. */
  readonly flags?: readonly string[];
  /** What starts it. */
  readonly wrap?: readonly string[];
  /** Whether there are servers. */
  readonly listens?: boolean;
  /** Whether Lastport is started at once. */
  readonly starts?: boolean;
}

/** For `wrap`: gives it a tracefs where it looks for one, and nobody else. */
export const WITH_TRACEFS = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t tracefs nodev /sys/kernel/tracing && exec "$@"',
  'sh',
];

/** A private pair of network namespaces with programs in it. What was started there ends with close(), in any case. */
export class Inside {
  readonly net: Netns;
  readonly folder: string;
  private readonly started: { readonly name: string; readonly pid: number }[] = [];

  private constructor(net: Netns) {
    this.net = net;
    this.folder = mkdtempSync(join(tmpdir(), 'lastport-e2e-'));
  }

  /** With servers at the other end of the wire, and `lastport run` at this one. */
  static async open({ listens = true, starts = true, ...options }: InsideOptions = {}): Promise<Inside> {
    const inside = new Inside(await Netns.open({ sysctls: { ip_local_port_range: RANGE.join(' ') } }));
    try {
      if (listens) await inside.net.listen('[::]:8080');
      if (starts) await inside.startLastport(options);
    } catch (error) {
      await inside.close();
      throw error;
    }
    return inside;
  }

  async startLastport({
    tick = '100ms',
    flags = [],
    wrap = [],
  }: Omit<InsideOptions, 'listens' | 'starts'>): Promise<void> {
    const argv = [process.execPath, LASTPORT, 'run', '--netns', 'self', '--tick', tick, ...flags];
    await this.start('lastport', [...wrap, ...argv]);
    await this.until('lastport has looked', () => this.get(`${LASTPORT_AT}/readyz`));
  }

  pidOf(name: string): number | undefined {
    return this.started.find((one) => one.name === name)?.pid;
  }

  async start(name: string, argv: readonly string[], where?: Side): Promise<number> {
    const pid = await this.net.start(argv, join(this.folder, `${name}.log`), where);
    this.started.push({ name, pid });
    return pid;
  }

  /** Ends one of those that were started, before close() would. */
  async stop(name: string): Promise<void> {
    const index = this.started.findIndex((one) => one.name === name);
    const [one] = this.started.splice(index, 1);
    if (one !== undefined) await this.net.stop(one.pid);
  }

  async assessment(): Promise<Assessment> {
    return JSON.parse(await this.get(`${LASTPORT_AT}/api/assessment`)) as Assessment;
  }

  log(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8');
  }

  /** As somebody inside would ask: with curl, where there is one. */
  async get(url: string): Promise<string> {
    const { status, stdout, stderr } = await this.net.run([...GET, `http://${url}`]);
    if (status !== 0) throw new Error(`${url}: ${stderr.trim()}${stdout.slice(0, 500)}`);
    return stdout;
  }

  /** The network namespace's inode, by which Lastport names all but the host's. */
  async inode(): Promise<string> {
    const { stdout } = await this.net.run(['readlink', '/proc/self/ns/net']);
    return /^net:\[(\d+)\]$/.exec(stdout.trim())?.[1] ?? `no inode: ${stdout}`;
  }

  /**
   * Lastport's page, with a close look at every namespace that was begun after this call. A tick alone does not prove one:
   * what is calm is looked at only as often as it is cheap, and on a busy machine it is not.
   */
  async freshMetrics(): Promise<string> {
    const asked = new Date().toISOString();
    return await this.until('a look that is fresh', async () => {
      const { namespaces } = await this.assessment();
      const isFresh = namespaces.every(({ lookedAt }) => lookedAt !== null && lookedAt > asked);
      return isFresh ? await this.get(`${LASTPORT_AT}/metrics`) : null;
    });
  }

  /** Asks until there is an answer; if none comes, what the programs have logged is told. */
  until<Answer extends object | string>(
    what: string,
    ask: () => Promise<Answer | null>,
    patienceMs?: number,
  ): Promise<Answer> {
    const names = () => this.started.map(({ name }) => name);
    return until(what, ask, () => logTails(names(), (name) => this.log(name)), patienceMs);
  }

  async close(): Promise<void> {
    try {
      for (const { pid } of this.started.splice(0).reverse()) await this.net.stop(pid);
    } finally {
      await this.net.close();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}
