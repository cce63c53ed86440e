// A freshly installed Debian in a folder, with its own mounts, processes and network: what a package leaves behind can be told there.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** Where this machine has its own packages from. */
function mirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const lists = ['/etc/apt/sources.list', ...readdirSync(folder).map((name) => join(folder, name))];
  for (const list of lists) {
    const url = /^(?:URIs:|deb)\s+(?:\[.*?\]\s+)?(https?:\S+\/debian)\/?(?:\s|$)/m.exec(readIfThere(list))?.[1];
    if (url !== undefined) return url;
  }
  return 'http://deb.debian.org/debian';
}

/** sources.list is not everywhere. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  /** Both streams. */
  readonly text: string;
}

/** A program that goes on, in the root. */
export interface Started {
  /** The next line on its stdout that will do. */
  line(isWanted: (text: string) => boolean): Promise<string>;
  end(signal: 'TERM' | 'KILL'): Promise<void>;
}

export interface CleanRoot {
  readonly path: string;
  /** A program of the root, in it. */
  run(...command: string[]): Ran;
  /** The same, where it must end with 0. */
  must(...command: string[]): string;
  /** A program of this machine, in the root's network. */
  beside(...command: string[]): Ran;
  start(...command: string[]): Promise<Started>;
  close(): Promise<void>;
}

/** Debian's smallest, in a folder that there is not yet. */
export function debootstrap(path: string, ...options: string[]): void {
  const args = ['--variant=minbase', ...options, 'bookworm', path, mirror()];
  const { status, stdout } = spawnSync('debootstrap', args, { encoding: 'utf8', timeout: 500_000 });
  if (status !== 0) throw new Error(`debootstrap ended with ${status}: ${stdout.split('\n').slice(-5).join('\n')}`);
}

/** Namespaces for the root at `path`: no network but loopback, nothing mounted that outlives it. */
export async function cleanRoot(path: string): Promise<CleanRoot> {
  const begin = `mount -t proc proc ${path}/proc && ip link set lo up && echo ready && exec sleep 3600`;
  const isolated = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--propagation=private'];
  const holder = spawn('unshare', [...isolated, 'sh', '-c', begin], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [first] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as [unknown];
  if (String(first).trim() !== 'ready') throw new Error(`unshare ended with ${first}: ${holder.stderr.read()}`);
  const child = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  const enter = (...kinds: string[]) => ['nsenter', '-t', child, ...kinds];
  const inside = enter('-m', '-n', '-p', '-u', '-i');
  // Nothing of this machine's settings.
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  const ran = ([program = '', ...args]: string[]): Ran => {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env, timeout: 300_000 });
    return { status, stdout, text: `${stdout}${stderr}` };
  };
  const run = (...command: string[]) => ran([...inside, 'chroot', path, ...command]);
  return {
    path,
    run,
    must(...command) {
      const { status, stdout, text } = run(...command);
      if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${text}`);
      return stdout;
    },
    beside: (...command) => ran([...enter('-n'), ...command]),
    async start(...command) {
      // What is spawned only waits for the program, which has a number of its own in there.
      const named = ['sh', '-c', 'echo $$; exec "$@"', 'sh', ...command];
      const [program = '', ...args] = [...inside, 'chroot', path, ...named];
      const waiting = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const lines = createInterface({ input: waiting.stdout });
      const line = (isWanted: (text: string) => boolean) => nextLine(lines, isWanted);
      const pid = await line(() => true);
      return {
        line,
        async end(signal) {
          run('sh', '-c', `kill -${signal} ${pid}`);
          if (waiting.exitCode === null && waiting.signalCode === null) await once(waiting, 'exit');
        },
      };
    },
    async close() {
      // With the first process of its namespace all others end, and with the last one its mounts.
      process.kill(Number(child), 'SIGKILL');
      if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
    },
  };
}

/** An alert comes within two ticks, a program starts within one. In ms. */
const PATIENCE_MS = 30_000;

function nextLine(lines: Interface, isWanted: (text: string) => boolean): Promise<string> {
  return new Promise((done, failed) => {
    const end = () => {
      clearTimeout(timer);
      lines.off('line', read);
      lines.off('close', close);
    };
    const read = (text: string) => {
      if (!isWanted(text)) return;
      end();
      done(text);
    };
    const close = () => {
      end();
      failed(new Error('The program has ended without telling it'));
    };
    const timer = setTimeout(() => {
      end();
      failed(new Error(`Not told within ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    lines.on('line', read);
    lines.on('close', close);
  });
}

/** All that is there, but what is not on a disk; and who is known. */
export function inventory({ must }: CleanRoot): Set<string> {
  const files = must('find', '/', '-xdev', '-path', '/proc', '-prune', '-o', '-path', '/tmp', '-prune', '-o', '-print');
  const names = ['passwd', 'group'].flatMap((base) =>
    must('cut', '-d:', '-f1', `/etc/${base}`)
      .split('\n')
      .map((name) => `${base}: ${name}`),
  );
  return new Set([...files.split('\n'), ...names]);
}
