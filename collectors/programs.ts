import type { Host } from '../agent/model/host.ts';
import type { Program } from '../agent/model/program.ts';
import { maskedCommandLine } from './command-line.ts';
import { containerOfCgroup, unitOfCgroup } from './netns-label.ts';
import type { PodName, PodNames } from './var-log-containers.ts';

/** Programs told apart; those identified least recently are forgotten. */
const MOST = 4096;
/** Identified so often, a process is read again: it may have been moved to another unit, or called exec() to run its like. */
const AGAIN_AFTER = 60;

/** Programs that run another file, and their options that take a value of their own. */
const INTERPRETERS = /^(node|nodejs|deno|bun|python[\d.]*|ruby[\d.]*|perl[\d.]*|php[\d.]*|bash|sh|dash|zsh)$/;
const WITH_VALUE = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '-W',
  '-X',
  '-I',
  '-d',
]);
/** Code on the command line is nobody's business. */
const INLINE = /^(-[a-z]*[cep]|--eval|--print|-pe)$/;

export interface ProgramsOptions {
  /** Whether to tell their arguments. */
  readonly wantsCommandLine?: boolean;
  /** The name of a user of this host; null: it has none. */
  readonly userName?: (uid: number) => string | null;
  readonly pods?: PodNames | null;
}

interface Known {
  readonly startTime: string;
  readonly index: number;
  times: number;
  /** The kernel's, as it was when it was read last. */
  comm: string;
}

/**
 * Who a process is (proc_pid_stat(5), proc_pid_cmdline(5), proc_pid_cgroup(5)). A program is a number that stands for a
 * pid and its start time, so that it outlives the process and is no other's when the pid is used again.
 */
export class Programs {
  private readonly known = new Map<number, Known>();
  private readonly programs = new Map<number, Program>();
  /** By name and parent, the numbers of children that had gone before they could be read. */
  private readonly children = new Map<string, number>();
  private last = 0;
  private readonly host: Host;
  private readonly options: ProgramsOptions;

  constructor(host: Host, options: ProgramsOptions = {}) {
    this.host = host;
    this.options = options;
  }

  /** The number of a process; 0 if it has gone or may not be read. */
  identify(pid: number): number {
    const stat = textOf(this.host, `${pid}/stat`);
    const startTime = stat === null ? null : startTimeIn(stat);
    if (stat === null || startTime === null) return 0;
    const known = this.known.get(pid);
    if (known?.startTime === startTime && this.programs.has(known.index)) {
      const comm = commIn(stat);
      const isRenamed = known.comm !== comm;
      known.comm = comm;
      if (isRenamed || known.times++ % AGAIN_AFTER === 0) this.keep(known.index, pid, stat);
      return known.index;
    }
    const index = ++this.last;
    this.known.set(pid, { startTime, index, times: 1, comm: commIn(stat) });
    this.keep(index, pid, stat);
    return index;
  }

  /**
   * The number of all processes of that name which `parent` has started and which have gone: a shell that runs curl in a
   * loop is no thousand programs. `parent` 0: not known.
   */
  child(comm: string, parent: number): number {
    const key = `${parent} ${comm}`;
    const known = this.children.get(key);
    if (known !== undefined && this.programs.has(known)) return known;
    const index = ++this.last;
    const from = this.programs.get(parent);
    const name = printable(comm);
    this.children.set(key, index);
    this.add(index, {
      pid: null,
      comm: name,
      command: name,
      user: from?.user ?? null,
      commandLine: null,
      unit: from?.unit ?? null,
      container: from?.container ?? null,
    });
    return index;
  }

  /** null: forgotten. */
  at(index: number): Program | null {
    return this.programs.get(index) ?? null;
  }

  private keep(index: number, pid: number, stat: string): void {
    const argv = (textOf(this.host, `${pid}/cmdline`) ?? '').split('\0');
    const comm = nameOf(commIn(stat), argv);
    const cgroup = textOf(this.host, `${pid}/cgroup`) ?? '';
    const script = scriptOf(argv);
    // Real, effective, saved, file system: the second is what it may do.
    const uid = /^Uid:\s*\d+\s+(\d+)/m.exec(textOf(this.host, `${pid}/status`) ?? '')?.[1];
    const { wantsCommandLine = false, userName, pods } = this.options;
    const pod = pods?.of(cgroup) ?? null;
    const isPod = pod !== null && pod !== 'unknown';
    this.add(index, {
      pid,
      comm: printable(comm),
      command: printable(script === null ? comm : `${comm} ${script}`),
      user: uid === undefined ? null : printable(userName?.(Number(uid)) ?? uid),
      commandLine: wantsCommandLine
        ? maskedCommandLine(argv.at(-1) === '' ? argv.slice(0, -1) : argv).replace(/[^ -~…]/g, '?')
        : null,
      // A pod may lie in the unit of its runtime, which tells nothing.
      unit: isPod ? null : printable(unitOfCgroup(cgroup)),
      container: isPod ? podText(pod) : printable(containerOfCgroup(cgroup)),
    });
  }

  private add(index: number, program: Program): void {
    // The last one set is the last to go.
    this.programs.delete(index);
    this.programs.set(index, program);
    for (const [oldest, { pid: gone }] of this.programs) {
      if (this.programs.size <= MOST) break;
      this.programs.delete(oldest);
      if (gone !== null && this.known.get(gone)?.index === oldest) this.known.delete(gone);
    }
    for (const [key, child] of this.children) {
      if (this.children.size <= MOST) break;
      if (child !== index) this.children.delete(key);
    }
  }
}

/** Node 24 and later call their main thread so, and with it the process. */
const NODE_MAIN = 'MainThread';

/** The kernel's name of it; of Node its file's. */
function nameOf(comm: string, [file = '']: readonly string[]): string {
  return comm === NODE_MAIN && file !== '' ? basename(file).slice(0, 15) : comm;
}

/** When a process was started, in clock ticks since the boot (proc_pid_stat(5)); null: there is none. */
export function startTimeOf(host: Host, pid: number): string | null {
  const stat = textOf(host, `${pid}/stat`);
  return stat === null ? null : startTimeIn(stat);
}

/** The name is in parentheses and may hold any. */
const commIn = (stat: string): string => stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));

const startTimeIn = (stat: string): string | null => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;

function textOf(host: Host, path: string): string | null {
  try {
    return host.readText(path);
  } catch {
    return null; // gone, not ours, or longer than anyone reads
  }
}

/** ["node", "--import", "x", "/srv/app/server.js", "--token=1"] → "server.js"; null: no interpreter, or no file. */
export function scriptOf(argv: readonly string[]): string | null {
  const [program = '', ...rest] = argv;
  if (!INTERPRETERS.test(basename(program))) return null;
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index]!;
    if (INLINE.test(word)) return null;
    // deno and bun
    if (word === 'run') continue;
    if (word === '-m') return rest[index + 1] === undefined ? null : `-m ${basename(rest[index + 1]!)}`;
    if (WITH_VALUE.has(word)) index++;
    else if (word !== '' && !word.startsWith('-')) return basename(word);
  }
  return null;
}

const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** "payments/api-7d9f8b6c5-x2x4z/app": namespace, pod, container. Kubernetes lets none of them be anything but plain. */
const podText = ({ namespace, pod, container }: PodName): string =>
  [namespace, pod, container].filter((name) => name !== null).join('/');

/** What a process calls itself may be meant to fool a terminal. */
function printable<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.replace(/[^ -~]/g, '?').slice(0, 64)) as Text;
}
