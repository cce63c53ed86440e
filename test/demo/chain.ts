// The whole chain of real parts: three hosts with agents, Prometheus with the rules, Alertmanager as docs/deploy/ has it, and who it tells.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Told } from '../e2e/alert-receiver.ts';
import { ALERTMANAGER_PORT, Fleet, type HeldAlert } from '../e2e/fleet.ts';
import { serverOf } from '../scenarios/programs.ts';
import { PROGRAMS, Stage } from '../scenarios/stage.ts';
import { root } from '../support/golden.ts';

const PROBE = fileURLToPath(new URL('../../collectors/undici/probe.cjs', import.meta.url));
const RECEIVER = fileURLToPath(new URL('../e2e/alert-receiver.js', import.meta.url));
const UNDICI = `${root}node_modules/undici`;

export const BAD = 'web-1';
export const GOOD = 'web-2';
const IDLE = 'web-3';
/** The same for all hosts: each has one such at the other end of its wire. */
export const SERVICE = '10.9.0.2:8090';
/** Of both clients. A host here has 1,000 ports, so that one connection for each request takes all in seven seconds. */
export const REQUESTS_PER_SECOND = 150;
/** On a busy machine the client makes fewer requests, and its ports last longer. */
const PATIENCE_MS = 60_000;
const HOOK = { address: '127.0.0.1', port: 9500 };
/** The agents tell the rest themselves, and know cause, owner and remedy; docs/deploy/prometheus/prometheus.yml has the same. */
const ONLY_WHAT_NO_AGENT_TELLS = [{ source_labels: ['alertname'], regex: 'LastportBlind', action: 'keep' }];
const FOR_EVER = '1000000';

export class Chain {
  readonly fleet: Fleet;
  private readonly stages: Stage[] = [];

  private constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  static async open(): Promise<Chain> {
    const flags = ({ watch }: { watch: string }) => ['--alertmanager', `http://${watch}:${ALERTMANAGER_PORT}`];
    const chain = new Chain(
      await Fleet.open(
        '1s',
        [BAD, GOOD, IDLE].map((name) => ({ name, flags })),
      ),
    );
    try {
      await chain.startWatching();
      for (const name of [BAD, GOOD]) await chain.startService(name);
    } catch (error) {
      await chain.close();
      throw error;
    }
    return chain;
  }

  private async startWatching(): Promise<void> {
    const { fleet } = this;
    await fleet.start('receiver', [process.execPath, RECEIVER, HOOK.address, String(HOOK.port)]);
    await fleet.until('a receiver', async () => fleet.log('receiver').match(/ready/));
    await fleet.startAlertmanager(asInDocs(`http://${HOOK.address}:${HOOK.port}/`));
    await fleet.startPrometheus({
      scrapeEvery: '1s',
      alertmanager: `127.0.0.1:${ALERTMANAGER_PORT}`,
      alertRelabel: ONLY_WHAT_NO_AGENT_TELLS,
    });
  }

  private async startService(name: string): Promise<void> {
    const { net, folder } = this.fleet.host(name);
    const stage = new Stage(net, folder);
    this.stages.push(stage);
    const [, port] = SERVICE.split(':');
    await stage.start('service', serverOf([port!]), { where: 'server', awaits: 'ready' });
  }

  /** A client that makes its requests, with the probe in it: `read` keeps connections, `agent-closed` makes one for each. */
  async startClient(name: typeof BAD | typeof GOOD, how: 'read' | 'agent-closed'): Promise<void> {
    const { net, folder } = this.fleet.host(name);
    const env = {
      UNDICI,
      NODE_OPTIONS: `--require ${JSON.stringify(PROBE)}`,
      LASTPORT_PROBE_SOCKET: join(folder, 'probe.sock'),
      RATE: String(REQUESTS_PER_SECOND),
    };
    const argv = [process.execPath, join(PROGRAMS, 'undici-client.mjs'), how, `http://${SERVICE}`, FOR_EVER];
    const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    await net.start(['env', ...pairs, ...argv], join(folder, 'client.log'), 'client', true);
  }

  /** An alert that Alertmanager has, once it has it. */
  arrival(what: string, is: (one: HeldAlert) => boolean, patienceMs = PATIENCE_MS): Promise<HeldAlert> {
    return this.fleet.until(what, async () => (await this.fleet.alerts()).find(is) ?? null, patienceMs);
  }

  /** What the receivers of Alertmanager were told so far. */
  told(): Told[] {
    const lines = this.fleet.log('receiver').split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Told);
  }

  async close(): Promise<void> {
    try {
      for (const stage of this.stages) await stage.end();
    } finally {
      await this.fleet.close();
    }
  }
}

/** docs/deploy/alertmanager/alertmanager.yml, with other receivers. */
function asInDocs(url: string): object {
  const text = readFileSync(`${root}docs/deploy/alertmanager/alertmanager.yml`, 'utf8');
  const config = parse(text) as { receivers: { name: string }[] };
  const webhook_configs = [{ url, send_resolved: true }];
  return { ...config, receivers: config.receivers.map(({ name }) => ({ name, webhook_configs })) };
}
