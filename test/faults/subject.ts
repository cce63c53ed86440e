// The daemon that something is done to: a real one, in a network namespace of its own, asked over a Unix socket, which
// needs no port and leads into every namespace.
import { type ChildProcess, execFileSync, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import type { DoctorReport } from '../../agent/doctor/report.ts';
import type { Assessment } from '../../agent/model/assessment.ts';
import { until } from '../e2e/until.ts';
import { MAIN } from '../support/program.ts';

/** `npm run test:faults:long`: faults last as long as they would. */
export const IS_LONG = process.env['LASTPORT_TEST_FAULTS'] === 'long';

/** For `wrap`: a mount namespace of its own, in which this shell command is done first. */
export const mounted = (command: string): readonly string[] => ['unshare', '--mount', ...shell(command)];
/** For `wrap`: that, and a pid namespace of its own: it sees its own processes alone, and no other test's namespaces. */
export const apart = (command: string): readonly string[] => [
  ...['unshare', '--pid', '--fork', '--kill-child'],
  ...mounted(`mount -t proc proc /proc && ${command}`),
];

const shell = (command: string): readonly string[] => ['sh', '-c', `${command} && exec "$@"`, 'sh'];

/** Why nothing of this can be tried here; false if it can. */
export function noNamespaces(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  const { status } = spawnSync('unshare', ['--net', '--mount', 'ip', 'link', 'set', 'lo', 'up']);
  return status === 0 ? false : 'needs namespaces and iproute2';
}

export interface SubjectOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What starts it; must end in exec. */
  readonly wrap?: readonly string[];
  /** Leaves it in this network namespace, for a test that must reach more of it than its socket. */
  readonly isHere?: boolean;
  /** Of Node, before the program. */
  readonly nodeFlags?: readonly string[];
  /** net.ipv4.ip_local_port_range of its namespace. */
  readonly ports?: string;
  /** A Python program beside it in its namespace, which ends with it. */
  readonly holds?: string;
  /** Whether it listens to probes. */
  readonly probe?: boolean;
  /** Whether it watches its own network namespace alone. */
  readonly isChosen?: boolean;
  /** null: as its configuration says. */
  readonly tick?: string | null;
  /** Its stdout: 'pipe', read by a test or not at all, or an open file. Without it nobody hears it. */
  readonly stdout?: 'pipe' | 'ignore' | number;
}

export class Subject {
  readonly child: ChildProcess;
  readonly folder: string;
  stderr = '';
  readonly socketPath: string;
  readonly probeSocket: string;
  private readonly listen: string;
  private readonly client: Client;
  private readonly program: string | null;
  private readonly isForked: boolean;
  private readonly beside: ChildProcess[] = [];

  constructor({
    flags = [],
    env = {},
    wrap = [],
    nodeFlags = [],
    stdout = 'ignore',
    isHere = false,
    isChosen = true,
    probe = false,
    tick = '100ms',
    ports,
    holds,
  }: SubjectOptions = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'lastport-fault-'));
    chmodSync(this.folder, 0o1777); // for a subject of another user
    const socketPath = join(this.folder, 'http.sock');
    this.socketPath = socketPath;
    this.probeSocket = join(this.folder, 'probe.sock');
    this.listen = `unix:${socketPath}`;
    const stdio: StdioOptions = ['ignore', stdout, 'pipe'];
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LASTPORT_')));
    const range = ports === undefined ? [] : [`echo "${ports}" > /proc/sys/net/ipv4/ip_local_port_range`];
    const alone = isHere ? [] : ['unshare', '--net', ...shell(['ip link set lo up', ...range].join(' && '))];
    const argv = [
      ...[...alone, ...wrap, process.execPath, ...nodeFlags, MAIN, 'run', '--listen', this.listen],
      ...(isChosen ? ['--netns', 'self'] : []),
      ...(tick === null ? [] : ['--tick', tick]),
      ...['--probe-socket', probe ? this.probeSocket : 'off', ...flags],
    ];
    this.child = spawn(argv[0] as string, argv.slice(1), {
      stdio,
      env: { ...own, LASTPORT_STATE_DIR: 'off', ...env },
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.program = holds ?? null;
    this.isForked = wrap.includes('--fork');
    this.client = new Client('http://localhost', { socketPath, headersTimeout: 3000, bodyTimeout: 3000 });
  }

  /** One that has looked. */
  static async start(options: SubjectOptions = {}): Promise<Subject> {
    const subject = new Subject(options);
    try {
      await subject.until('it has looked', async () => ((await subject.get('/readyz')) === 'ready\n' ? 'yes' : null));
      if (subject.program !== null) subject.run('python3', ['-c', subject.program]);
    } catch (error) {
      await subject.end('SIGKILL');
      throw error;
    }
    return subject;
  }

  /** Its own, also where `wrap` has forked, as a pid namespace wants it. */
  get pid(): number {
    let pid = this.child.pid as number;
    while (this.isForked && readFileSync(`/proc/${pid}/comm`, 'latin1') !== 'node\n') {
      pid = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')[0]);
    }
    return pid;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Starts a program in its namespaces, which ends with it. */
  run(program: string, args: readonly string[], stdio: StdioOptions = 'ignore'): ChildProcess {
    const child = spawn('nsenter', [...this.inside, program, ...args], { stdio });
    this.beside.push(child);
    child.on('exit', () => this.beside.splice(this.beside.indexOf(child), 1));
    return child;
  }

  /** Runs a shell command in its namespaces, to its end. */
  shell(command: string): void {
    execFileSync('nsenter', [...this.inside, 'sh', '-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  private get inside(): readonly string[] {
    return [`--target=${this.pid}`, '--net', '--mount', '--pid'];
  }

  async get(path: string): Promise<string> {
    const { body } = await this.client.request({ path, method: 'GET' });
    return await body.text();
  }

  async assessment(): Promise<Assessment> {
    return JSON.parse(await this.get('/api/assessment')) as Assessment;
  }

  /** The sum of all series of a metric; null: there is none. */
  async metric(name: string, labels = ''): Promise<number | null> {
    const lines = (await this.get('/metrics')).split('\n').filter((line) => /^\w+(?=[{ ])/.exec(line)?.[0] === name);
    const some = lines.filter((line) => line.includes(labels));
    return some.length === 0 ? null : some.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Waits until a metric is what it should be. */
  async untilMetric(name: string, is: (value: number) => boolean, labels = ''): Promise<void> {
    await this.until(`${name} as expected`, async () => {
      const value = await this.metric(name, labels);
      return value !== null && is(value) ? 'yes' : null;
    });
  }

  /** A look that was begun after this call, and is as it should be. */
  async look(what = 'a fresh look', is: (assessment: Assessment) => boolean = () => true): Promise<Assessment> {
    const { takenAt } = await this.assessment();
    return await this.until(what, async () => {
      const now = await this.assessment();
      return now.takenAt !== takenAt && is(now) ? now : null;
    });
  }

  /** What `lastport doctor` says of it. */
  doctor(): DoctorReport {
    const { stdout } = spawnSync(process.execPath, [MAIN, 'doctor', '--listen', this.listen, '--format', 'json'], {
      encoding: 'utf8',
    });
    return JSON.parse(stdout) as DoctorReport;
  }

  async until<Answer extends object | string>(what: string, ask: () => Promise<Answer | null>, patienceMs?: number) {
    const evidence = () => `${this.stderr}${this.isAlive ? '' : `it ended: ${this.child.exitCode}`}`;
    return await until(what, ask, evidence, patienceMs);
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get residentBytes(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))?.[1]) * 1024;
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    for (const child of [...this.beside]) stop(child);
    if (this.isAlive) {
      const ended = once(this.child, 'exit');
      this.signal(signal);
      await ended;
    }
    await this.client.destroy();
    rmSync(this.folder, { recursive: true, force: true });
    return this.child.exitCode;
  }
}

/** Ends what run() has started, and nsenter(1), which waits for it. */
export function stop(child: ChildProcess): void {
  const { pid } = child;
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    for (const one of children === '' ? [] : children.split(' ')) process.kill(Number(one), 'SIGKILL');
  } catch {
    // it has ended by itself
  }
  child.kill('SIGKILL');
}

/** With a daemon that must still live after it, and end in order. */
export async function withSubject(options: SubjectOptions, work: (subject: Subject) => Promise<void>): Promise<void> {
  const subject = await Subject.start(options);
  try {
    await work(subject);
  } catch (error) {
    await subject.end('SIGKILL');
    throw error;
  }
  const code = await subject.end();
  if (code !== 0) throw new Error(`it ended with ${code}: ${subject.stderr}`);
}
