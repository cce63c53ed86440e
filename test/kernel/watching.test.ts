import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Assessment } from '../../agent/model/assessment.ts';
import { Netns, obstacle, TIME_WAIT } from './netns.ts';
import { compare, LASTPORT, RANGE } from './situation.ts';
import { A, B, C } from './situations/places.ts';

const ESTABLISHED = 1;
const IN = '10.9.0.1:40010';
const PATIENCE_MS = 10_000;

/** `lastport run` inside a namespace, asked over a Unix socket so that it takes no port there. */
class Watcher {
  private readonly net: Netns;
  private readonly pid: number;
  private readonly folder: string;

  private constructor(net: Netns, pid: number, folder: string) {
    this.net = net;
    this.pid = pid;
    this.folder = folder;
  }

  static async start(net: Netns, destinations: readonly string[]): Promise<Watcher> {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-kernel-'));
    const options = ['--listen', `unix:${join(folder, 'socket')}`, '--tick', '100ms'];
    const argv = [
      process.execPath,
      LASTPORT,
      'run',
      '--netns',
      'self',
      ...options,
      ...destinations.flatMap((to) => ['--to', to]),
    ];
    return new Watcher(net, await net.start(argv, join(folder, 'log')), folder);
  }

  /** The first Assessment that was begun after this call. */
  async look(): Promise<Assessment> {
    const asked = Date.now();
    for (;;) {
      const answer = await this.ask().catch((error: Error) => error);
      if (!(answer instanceof Error) && Date.parse(answer.takenAt) > asked) return answer;
      if (Date.now() > asked + PATIENCE_MS) {
        const log = readFileSync(join(this.folder, 'log'), 'utf8').slice(-2000);
        throw new Error(`no fresh assessment: ${answer instanceof Error ? answer.message : answer.takenAt}\n${log}`);
      }
      await delay(20); // a tick is 100 ms, and nothing announces it
    }
  }

  private ask(): Promise<Assessment> {
    return new Promise((resolve, reject) => {
      get({ socketPath: join(this.folder, 'socket'), path: '/api/assessment' }, (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`/api/assessment answered ${response.statusCode}: ${text.slice(0, 500)}`));
        });
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

const skip = await obstacle();
describe('lastport run against the kernel: what one look cannot tell, the look before could', { skip }, () => {
  it('a port whose listener has gone stays blocked as long as a connection it accepted is left', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: RANGE.join(' ') } });
    try {
      await net.listen('[::]:8080');
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      const watcher = await Watcher.start(net, [A, B, C]);
      try {
        await watcher.look();
        await net.unlisten('in');
        const live = await watcher.look();
        const blocked = { headroom: 99, fast: 49, knowable: 'exact', shows: { blockedPorts: 1 } } as const;
        compare({ to: A, ...blocked }, await net.count(A), live, false, 'sock_diag');

        await net.drop('accepted');
        await net.drop('c');
        await net.until(TIME_WAIT, 5);
        const waiting = await watcher.look();
        compare({ to: B, ...blocked }, await net.count(B), waiting, false, 'sock_diag');
      } finally {
        assert.equal(await watcher.stop(), 0, 'the exit status on SIGTERM');
      }
    } finally {
      await net.close();
    }
  });

  it('and comes back with the last of them', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: RANGE.join(' ') } });
    try {
      await net.listen('[::]:8080');
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      const watcher = await Watcher.start(net, [A]);
      try {
        await watcher.look();
        await net.unlisten('in');
        await watcher.look();
        // The other side closes first: nothing is left here.
        await net.drop('c');
        await net.drop('accepted');
        await net.until(ESTABLISHED, 0);
        const free = { headroom: 100, fast: 50, knowable: 'exact', shows: { blockedPorts: 0 } } as const;
        const afterwards = await watcher.look();
        compare({ to: A, ...free }, await net.count(A), afterwards, false, 'sock_diag');
      } finally {
        await watcher.stop();
      }
    } finally {
      await net.close();
    }
  });
});
