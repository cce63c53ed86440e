import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Assessment } from '../../agent/model/assessment.ts';
import { PATIENCE } from '../support/patience.ts';
import type { Netns } from './netns.ts';
import { LASTPORT } from './situation.ts';

const PATIENCE_MS = 20_000 * PATIENCE;

export interface WatcherOptions {
  /** Destinations to report even if no socket uses them. */
  readonly to?: readonly string[];
  readonly tick?: string;
  /** Further ones of the command line. */
  readonly options?: readonly string[];
}

/** `lastport run` inside a namespace, asked over a Unix socket so that it takes no port there. */
export class Watcher {
  private readonly net: Netns;
  private readonly pid: number;
  private readonly folder: string;

  private constructor(net: Netns, pid: number, folder: string) {
    this.net = net;
    this.pid = pid;
    this.folder = folder;
  }

  static async start(net: Netns, { to = [], tick = '1s', options: more = [] }: WatcherOptions = {}): Promise<Watcher> {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-kernel-'));
    const options = ['--listen', `unix:${join(folder, 'socket')}`, '--tick', tick];
    const argv = [
      process.execPath,
      LASTPORT,
      'run',
      '--netns',
      'self',
      ...options,
      ...more,
      ...to.flatMap((one) => ['--to', one]),
    ];
    return new Watcher(net, await net.start(argv, join(folder, 'log')), folder);
  }

  /** The first Assessment that was begun after this call. */
  async look(): Promise<Assessment> {
    const asked = Date.now();
    for (;;) {
      const answer = await this.ask().catch((error: Error) => error);
      if (!(answer instanceof Error) && Date.parse(seenAt(answer)) > asked) return answer;
      if (Date.now() > asked + PATIENCE_MS) {
        const why = answer instanceof Error ? answer.message : answer.takenAt;
        throw new Error(`no fresh assessment: ${why}\n${this.log().slice(-2000)}`);
      }
      await delay(20 * PATIENCE); // nothing announces a tick, and asking takes from what is waited for
    }
  }

  /** The lines it has logged. */
  readonly log = (): string => readFileSync(join(this.folder, 'log'), 'utf8');

  private async ask(): Promise<Assessment> {
    const { status, text } = await this.get('/api/assessment');
    if (status !== 200) throw new Error(`/api/assessment answered ${status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }

  get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      get({ socketPath: join(this.folder, 'socket'), path }, (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      }).on('error', reject);
    });
  }

  async stop(): Promise<number> {
    try {
      return await this.net.stop(this.pid);
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

/** Where a look costs much, not every tick has one (agent/look/pace.ts): on slow machines the sockets' own time counts. */
function seenAt({ takenAt, namespaces }: Assessment): string {
  return PATIENCE === 1 ? takenAt : (namespaces[0]?.lookedAt ?? '');
}
