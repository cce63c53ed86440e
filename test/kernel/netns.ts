import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PATIENCE } from '../support/patience.ts';
import { KERNEL } from './kernel.ts';

const DRIVER = fileURLToPath(new URL('../../../test/kernel/driver.py', import.meta.url));

/** For the driver to end by itself. */
const PATIENCE_MS = 5000 * PATIENCE;

/** The client's namespace is where Lastport looks; the server's is at the other end of the wire. */
export type Side = 'client' | 'server';

export interface NetnsSettings {
  /** Of the client's namespace, below net.ipv4: { tcp_tw_reuse: 1 } */
  readonly sysctls?: Readonly<Record<string, string | number>>;
  readonly serverSysctls?: Readonly<Record<string, string | number>>;
}

/** How a socket is made. */
export interface SocketOptions {
  /** Local address; without `bind` it costs no port (IP_BIND_ADDRESS_NO_PORT). */
  readonly from?: string;
  /** `port`: bind() before connect(), to port 0 or to `ports`. `noport`: bind() with IP_BIND_ADDRESS_NO_PORT. */
  readonly bind?: 'port' | 'noport';
  /** An IPv6 socket to an IPv4-mapped address. */
  readonly mapped?: boolean;
  /** SO_BINDTODEVICE */
  readonly device?: string;
  /** IP_LOCAL_PORT_RANGE of the socket's own. */
  readonly portRange?: readonly [number, number];
  readonly reuseAddress?: boolean;
  /** Do not wait for it to be established: nobody will answer. */
  readonly pending?: boolean;
  /** connect() that sends no packet (TCP_FASTOPEN_CONNECT): for a destination where nobody listens. */
  readonly silent?: boolean;
}

export interface ConnectRequest extends SocketOptions {
  readonly to: string;
  readonly count?: number;
  /** Local ports, one connection each; with bind: 'port'. */
  readonly ports?: readonly number[];
  /** The group that the sockets belong to. */
  readonly name?: string;
  readonly where?: Side;
}

/** client | server | reset: who closes first, and the other follows. The rest: only one side does anything. */
export type HangUp =
  | 'client'
  | 'server'
  | 'reset'
  | 'client-only'
  | 'fin_wait2'
  | 'server-only'
  | 'server-reset'
  | 'half';

export interface Truth {
  /** connect() calls that succeeded until one was refused. */
  readonly headroom: number;
  /** Those before the first one that got a port of the second parity. */
  readonly fast: number;
  readonly refused: string | null;
  readonly ports: readonly number[];
  /** The local addresses that the kernel gave them. */
  readonly locals: readonly string[];
}

export interface BindTruth {
  /** bind(port 0) calls that succeeded until one was refused. */
  readonly headroom: number;
  /** Those before the first one that got a port of the first parity. */
  readonly second: number;
  readonly refused: string | null;
}

export const TIME_WAIT = 6;
/**
 * Hundredths of a second that a TIME_WAIT has left after its first tenth: older than a tw_reuse_delay of 1 ms by far. Where
 * whole seconds are compared, after two.
 */
export const OLD = KERNEL.hasReuseDelay ? 5990 : 5800;

/**
 * Two private network namespaces joined by a veth pair, and the driver that makes traffic in them (driver.py). Private
 * means: of a process of ours, unseen and unreachable by the rest of the host. All of it ends with close().
 */
export class Netns {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;
  private complaints = '';

  private constructor() {
    this.child = spawn('python3', [DRIVER, String(PATIENCE)], { stdio: 'pipe' });
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text;
    });
    this.child.stdin.on('error', () => undefined); // a dead driver is reported by the answer that does not come
  }

  static async open({ sysctls = {}, serverSysctls = {} }: NetnsSettings = {}): Promise<Netns> {
    const netns = new Netns();
    try {
      await netns.request('setup', { sysctls: below(sysctls), serverSysctls: below(serverSysctls) });
    } catch (error) {
      await netns.close();
      throw error;
    }
    return netns;
  }

  /** Ends the driver and with it the namespaces and all that is in them. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    // Asked to end, it leaves nothing behind; in any case it is killed.
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    await this.request('end', {}).catch(() => undefined);
    clearTimeout(impatience);
    this.child.kill('SIGKILL');
    await ended;
  }

  async listen(at: string, options: { where?: Side; only6?: boolean; name?: string } = {}): Promise<void> {
    await this.request('listen', { at, ...options });
  }

  async unlisten(name: string): Promise<void> {
    await this.request('unlisten', { name });
  }

  /** Connects and returns the local ports. */
  async connect(request: ConnectRequest): Promise<number[]> {
    return (await this.request<{ ports: number[] }>('connect', { ...request })).ports;
  }

  async hangUp(name: string, first: HangUp, count?: number): Promise<void> {
    await this.request('close', { name, first, ...(count === undefined ? {} : { count }) });
  }

  /** Takes accepted connections into a group, to be closed with drop(). */
  async accepted(listener: string, count: number, name: string): Promise<void> {
    await this.request('accepted', { listener, count, name });
  }

  /** Closes this side's sockets of a group, whatever the other side does. */
  async drop(name: string): Promise<void> {
    await this.request('drop', { name });
  }

  /** Sockets that are bound and neither connected nor listening. */
  async bind(at: string, count: number, name: string, options: { reuseAddress?: boolean } = {}): Promise<number[]> {
    return (await this.request<{ ports: number[] }>('bind', { at, count, name, ...options })).ports;
  }

  async count(to: string, options: SocketOptions = {}): Promise<Truth> {
    return await this.request<Truth>('count', { to, ...options });
  }

  /** Binds to port 0 of an address until the kernel refuses, and lets them all go. */
  async countBinds(
    at: string,
    options: { reuseAddress?: boolean; reusePort?: boolean; only6?: boolean; limit?: number } = {},
  ): Promise<BindTruth> {
    return await this.request<BindTruth>('countBinds', { at, ...options });
  }

  /** Waits until exactly `count` rows of the socket tables are in a state. */
  async until(
    state: number,
    count: number,
    which: { where?: Side; to?: string; timer?: number; maxLeft?: number } = {},
  ): Promise<void> {
    await this.request('await', { state, count, ...which });
  }

  /** The socket tables, short: local, remote, state, timer. */
  async rows(where: Side = 'client'): Promise<string[]> {
    return (await this.request<{ rows: string[] }>('rows', { where })).rows;
  }

  /** A file as a process of that namespace sees it. */
  async read(path: string, where: Side = 'client'): Promise<string> {
    return (await this.request<{ parts: string[] }>('read', { path, where })).parts.join('');
  }

  async sysctl(values: Readonly<Record<string, string | number>>, where: Side = 'client'): Promise<void> {
    await this.request('sysctl', { values: below(values), where });
  }

  /** Lines of `ip -batch`. */
  async ip(lines: readonly string[], where: Side = 'client'): Promise<void> {
    await this.request('ip', { lines, where });
  }

  /** Runs a program inside the namespace. */
  async run(
    argv: readonly string[],
    where: Side = 'client',
  ): Promise<{ status: number; stdout: string; stderr: string }> {
    return await this.request('run', { argv, where });
  }

  /**
   * Starts a program inside the namespace that goes on running until stop(). Its output goes to the file `log`. `held`: its
   * stdin stays open until release().
   */
  async start(argv: readonly string[], log: string, where: Side = 'client', held = false): Promise<number> {
    return (await this.request<{ pid: number }>('start', { argv, log, where, held })).pid;
  }

  /** Closes the stdin of a held program, and waits until it has ended by itself; its exit status. */
  async release(pid: number): Promise<number> {
    return (await this.request<{ status: number }>('release', { pid })).status;
  }

  /** Ends it with SIGTERM; its exit status. */
  async stop(pid: number): Promise<number> {
    return (await this.request<{ status: number }>('stop', { pid })).status;
  }

  private async request<Answer extends object>(command: string, details: object): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify({ do: command, ...details })}\n`);
    const line = await this.answers.next();
    if (line.done) throw new Error(`The traffic driver died on ${command}: ${this.complaints.trim()}`);
    const answer: { ok: boolean; error?: string } & Answer = JSON.parse(line.value);
    if (!answer.ok) throw new Error(`${command} ${JSON.stringify(details)}: ${answer.error}`);
    return answer;
  }
}

/** Why this machine cannot run the kernel tests, in the words that node:test prints; false if it can. */
export async function obstacle(): Promise<string | false> {
  if (spawnSync('python3', ['--version']).status !== 0) return 'needs python3';
  if (spawnSync('ip', ['-V']).status !== 0) return 'needs iproute2';
  try {
    await (await Netns.open()).close();
    return false;
  } catch (error) {
    const reason = /Unsupported: (.*)$/.exec((error as Error).message)?.[1];
    if (reason === undefined) throw error;
    return reason;
  }
}

function below(sysctls: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(sysctls).map(([name, value]) => [`net.ipv4.${name}`, String(value)]));
}
