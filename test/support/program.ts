// The real program, as a user starts it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './golden.ts';

export const MAIN = `${root}dist/agent/main.js`;
const OWN = Object.entries(process.env).filter(([name]) => !name.startsWith('LASTPORT_'));
// Nothing is left in this machine's state directory.
const ENV = { ...Object.fromEntries(OWN), LASTPORT_STATE_DIR: 'off' };

export function lastport(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { ...ENV, ...env },
  });
  return { status, stdout, stderr };
}

/** A folder that stands for /proc, from the recorded scenarios, with some files replaced or (null) removed. */
export function procfs(files: Readonly<Record<string, string | Buffer | null>> = {}): {
  path: string;
  remove: () => void;
} {
  const path = mkdtempSync(join(tmpdir(), 'lastport-procfs-'));
  for (const scenario of ['proc-net-tcp', 'proc-sys-net-ipv4', 'proc-net-counters']) {
    cpSync(`${root}test/fixtures/${scenario}`, path, { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    if (content === null) rmSync(join(path, name));
    else writeFileSync(join(path, name), content);
  }
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

/** A running daemon: its log lines as they come, and its end. */
export class Daemon {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[] = [];
  stderr = '';
  private ended = false;
  private waiting: (() => void)[] = [];

  constructor(args: readonly string[], env: Record<string, string> = {}, main = MAIN) {
    this.child = spawn(process.execPath, [main, 'run', ...args], { env: { ...ENV, ...env } });
    let rest = '';
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.child.on('close', () => {
      this.ended = true;
      for (const wake of this.waiting.splice(0)) wake();
    });
  }

  /** The first log line, from `from` on, whose message matches; rejects if the daemon ends without it. */
  async line(message: RegExp, from = 0): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.slice(from).find(({ msg }) => message.test(String(msg)));
      if (found !== undefined) return found;
      if (this.ended) throw new Error(`the daemon ended: ${this.stderr}${JSON.stringify(this.lines)}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Where it listens, once it does. */
  async address(): Promise<string> {
    return String((await this.line(/^listening$/))['listen']);
  }

  /** Ends it and returns its exit code; null if a signal it does not handle killed it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!this.ended) {
      const closed = once(this.child, 'close');
      this.child.kill(signal);
      await closed;
    }
    return this.child.exitCode;
  }
}
