// What goes on around the daemon while it is soaked: each of it in its namespaces, until stop().
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Subject, stop } from '../faults/subject.ts';
import { root } from '../support/golden.ts';
import { MAIN } from '../support/program.ts';

export const PROGRAMS = `${root}test/soak/programs`;
const PROBE = `${root}dist/collectors/undici/probe.cjs`;
const APP_SECONDS = 8;
const STORM = { rate: 1500, seconds: 15, everySeconds: 80 };

export interface Counts {
  connections: number;
  failedConnections: number;
  apps: number;
  storms: number;
  reloads: number;
  checks: number;
  /** Exit codes of `check` beside healthy, warning and critical. */
  failedChecks: number;
  events: number;
}

export class Traffic {
  readonly counts: Counts = {
    connections: 0,
    failedConnections: 0,
    apps: 0,
    storms: 0,
    reloads: 0,
    checks: 0,
    failedChecks: 0,
    events: 0,
  };
  private isOver = false;
  private readonly children = new Set<ChildProcess>();
  private readonly streams: IncomingMessage[] = [];
  private readonly loops: Promise<void>[] = [];
  private readonly subject: Subject;
  private readonly configFile: string;

  constructor(subject: Subject, configFile: string, rate: number) {
    this.subject = subject;
    this.configFile = configFile;
    this.start('python3', [`${PROGRAMS}/churn.py`, String(rate)], (line) => {
      const [made = 0, failed = 0] = line.split(' ').map(Number);
      Object.assign(this.counts, { connections: made, failedConnections: failed });
    });
    this.start('sh', [`${PROGRAMS}/namespaces.sh`]);
    for (let watcher = 0; watcher < 3; watcher++) this.watch(watcher === 0);
    this.loops.push(
      this.repeat(3, () => this.app()),
      this.repeat(STORM.everySeconds, () => this.storm()),
      this.repeat(10, () => this.reload()),
      this.repeat(30, () => this.check()),
    );
  }

  async stop(): Promise<void> {
    this.isOver = true;
    for (const stream of this.streams) stream.destroy();
    await Promise.all(this.loops);
    for (const child of [...this.children]) stop(child);
  }

  private start(program: string, args: readonly string[], onLine: (line: string) => void = () => undefined) {
    const child = this.subject.run(program, args, ['ignore', 'pipe', 'inherit']);
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', onLine);
    this.children.add(child);
    const ended = new Promise<number | null>((resolve) => {
      child.on('exit', (code) => {
        this.children.delete(child);
        resolve(code);
      });
    });
    return ended;
  }

  private async repeat(seconds: number, work: () => void): Promise<void> {
    for (let passed = 1; !this.isOver; passed++) {
      await delay(1000);
      if (passed % seconds === 0 && !this.isOver) work();
    }
  }

  private app(): void {
    const socket = `LASTPORT_PROBE_SOCKET=${this.subject.probeSocket}`;
    const argv = [socket, process.execPath, '--require', PROBE, `${PROGRAMS}/app.mjs`, String(APP_SECONDS)];
    void this.start('env', argv);
    this.counts.apps++;
  }

  private storm(): void {
    void this.start('python3', [`${PROGRAMS}/storm.py`, String(STORM.rate), String(STORM.seconds)]);
    this.counts.storms++;
  }

  private reload(): void {
    this.counts.reloads++;
    writeConfig(this.configFile, this.counts.reloads);
    this.subject.signal('SIGHUP');
  }

  private check(): void {
    this.counts.checks++;
    void this.start(process.execPath, [MAIN, 'check', '--netns', 'self']).then((code) => {
      if (code === null || code > 2) this.counts.failedChecks++;
    });
  }

  /** `isStuck`: reads nothing, and comes again when it is hung up on. */
  private watch(isStuck: boolean): void {
    const request = get({ socketPath: this.subject.socketPath, path: '/api/stream' }, (stream) => {
      this.streams.push(stream);
      if (!isStuck) stream.on('data', () => this.counts.events++);
      stream.on('error', () => undefined);
      stream.on('close', () => {
        if (!this.isOver) setTimeout(() => this.watch(isStuck), 1000);
      });
    });
    request.on('error', () => undefined);
  }
}

/** Not the same twice in a row. */
export function writeConfig(path: string, turn: number, ask = turn % 12 === 11 ? 'off' : 'auto'): void {
  const lines = [
    `tick: ${turn % 2 === 0 ? '1s' : '900ms'}`,
    `maxDestinations: ${turn % 3 === 0 ? 4 : 8}`,
    `ask: ${ask}`,
    `logLevel: ${turn % 2 === 0 ? 'info' : 'warn'}`,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
}
