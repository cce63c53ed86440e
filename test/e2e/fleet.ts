// Several hosts and a place to watch them from, each in network namespaces of its own, with wires between them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { Netns } from '../kernel/netns.ts';
import { lastport } from '../support/program.ts';
import { Inside, type InsideOptions } from './inside.ts';
import { logTails, until } from './until.ts';

const RELAY = fileURLToPath(new URL('../../../test/e2e/programs/relay.mjs', import.meta.url));
const PORT = 9477;
const PROMETHEUS_PORT = 9090;
/** On the watching side. */
export const ALERTMANAGER_PORT = 9093;

export interface HostOptions extends Pick<InsideOptions, 'wrap'> {
  readonly name: string;
  /** Of the target; without one, it has no such label. */
  readonly cluster?: string;
  /** For `lastport run`; `watch` is where the watching side is to this host, `folder` is the host's own. */
  readonly flags?: (place: { readonly folder: string; readonly watch: string }) => readonly string[];
}

interface Host {
  readonly name: string;
  readonly cluster: string | undefined;
  /** Where the watching side finds it. */
  readonly address: string;
  readonly inside: Inside;
}

export interface PrometheusOptions {
  readonly scrapeEvery: string;
  /** Where Prometheus sends its alerts, and which. */
  readonly alertmanager?: string;
  readonly alertRelabel?: readonly object[];
  readonly relabel?: readonly object[];
}

/** An alert as Alertmanager's API gives it. */
export interface HeldAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
  /** Times in ISO 8601. */
  readonly startsAt: string;
}

export class Fleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'lastport-fleet-'));
  readonly hosts: Host[] = [];
  /** Its client's side is where Prometheus is. */
  readonly hub: Netns;
  private readonly started: { readonly name: string; readonly pid: number }[] = [];
  /** Ways to ports of the watching side. */
  private readonly ways = new Map<number, Pool>();

  private constructor(hub: Netns) {
    this.hub = hub;
  }

  static async open(tick: string, hosts: readonly HostOptions[]): Promise<Fleet> {
    const fleet = new Fleet(await Netns.open());
    try {
      const holder = await fleet.start('holder', ['sleep', 'infinity']);
      // One after the other: on a busy machine each has the patience that one of them needs.
      for (const [index, options] of hosts.entries()) await fleet.add({ ...options, tick }, index + 1, holder);
    } catch (error) {
      await fleet.close();
      throw error;
    }
    return fleet;
  }

  host(name: string): Inside {
    const found = this.hosts.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no host ${name}`);
    return found.inside;
  }

  /** A host with its agent, and a wire from there to here: where process `holder` is. */
  private async add(
    { name, cluster, flags, ...options }: HostOptions & { tick: string },
    number: number,
    holder: number,
  ): Promise<void> {
    const inside = await Inside.open({ starts: false });
    const [address, watch] = [`10.20.${number}.1`, `10.20.${number}.2`];
    this.hosts.push({ name, cluster, address, inside });
    await inside.net.ip([
      `link add m0 type veth peer name m${number} netns ${holder}`,
      'link set m0 up',
      `address add ${address}/24 dev m0`,
    ]);
    await this.hub.ip([`link set m${number} up`, `address add ${watch}/24 dev m${number}`]);
    await inside.startLastport({
      ...options,
      flags: [
        ...['--listen', `0.0.0.0:${PORT}`, '--alert-instance', name],
        ...['--state-dir', join(inside.folder, 'state'), '--probe-socket', join(inside.folder, 'probe.sock')],
        ...(flags?.({ folder: inside.folder, watch }) ?? []),
      ],
    });
  }

  /** Starts a program where Prometheus is. */
  async start(name: string, argv: readonly string[]): Promise<number> {
    const pid = await this.hub.start(argv, join(this.folder, `${name}.log`));
    this.started.push({ name, pid });
    return pid;
  }

  log(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8');
  }

  /** Scrapes all hosts, and evaluates what `lastport rules` prints. */
  async startPrometheus({
    scrapeEvery,
    alertmanager,
    relabel = [],
    alertRelabel = [],
  }: PrometheusOptions): Promise<void> {
    const { stdout: rules } = lastport(['rules']);
    writeFileSync(join(this.folder, 'rules.yml'), rules);
    const targets = this.hosts.map(({ name, cluster, address }) => ({
      targets: [`${address}:${PORT}`],
      labels: { instance: name, ...(cluster === undefined ? {} : { cluster }) },
    }));
    const alertmanagers = [{ static_configs: [{ targets: [alertmanager] }] }];
    // JSON is YAML.
    const config = {
      global: { scrape_interval: scrapeEvery, scrape_timeout: scrapeEvery, evaluation_interval: scrapeEvery },
      rule_files: ['rules.yml'],
      ...(alertmanager === undefined ? {} : { alerting: { alertmanagers, alert_relabel_configs: alertRelabel } }),
      scrape_configs: [{ job_name: 'lastport', static_configs: targets, metric_relabel_configs: relabel }],
    };
    writeFileSync(join(this.folder, 'prometheus.yml'), JSON.stringify(config));
    await this.start('prometheus', [
      'prometheus',
      `--config.file=${join(this.folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${PROMETHEUS_PORT}`,
    ]);
    await this.open(PROMETHEUS_PORT);
    await this.until('Prometheus', () => this.api(['status/buildinfo']));
  }

  /** Answers of Prometheus's API to paths below /api/v1/, in their order. */
  async api<Data>(paths: readonly string[]): Promise<Data[]> {
    const ask = async (path: string): Promise<Data> => {
      const answer = await this.get<{ status: string; error?: string; data: Data }>(PROMETHEUS_PORT, `/api/v1/${path}`);
      const { status, error, data } = answer;
      if (status !== 'success') throw new Error(`${error}: ${decodeURIComponent(path)}`);
      return data;
    };
    return await Promise.all(paths.map(ask));
  }

  async startAlertmanager(config: object): Promise<void> {
    writeFileSync(join(this.folder, 'alertmanager.yml'), JSON.stringify(config));
    await this.start('alertmanager', [
      'prometheus-alertmanager',
      `--config.file=${join(this.folder, 'alertmanager.yml')}`,
      `--storage.path=${join(this.folder, 'alertmanager')}`,
      `--web.listen-address=:${ALERTMANAGER_PORT}`,
      '--cluster.listen-address=',
    ]);
    await this.open(ALERTMANAGER_PORT);
    await this.until('Alertmanager', () => this.alerts());
  }

  /** What Alertmanager has. */
  alerts(): Promise<readonly HeldAlert[]> {
    return this.get(ALERTMANAGER_PORT, '/api/v2/alerts');
  }

  /** Makes a port of the watching side one that get() reaches from here. */
  private async open(port: number): Promise<void> {
    const socketPath = join(this.folder, `${port}.sock`);
    await this.start(`relay-${port}`, [process.execPath, RELAY, socketPath, String(port)]);
    this.ways.set(port, new Pool('http://localhost', { socketPath, connections: 4 }));
  }

  private async get<Answer>(port: number, path: string): Promise<Answer> {
    const { body } = await this.ways.get(port)!.request({ method: 'GET', path });
    return (await body.json()) as Answer;
  }

  until<Answer extends object | string>(
    what: string,
    ask: () => Promise<Answer | null>,
    patienceMs?: number,
  ): Promise<Answer> {
    const names = () => this.started.map(({ name }) => name);
    return until(what, ask, () => logTails(names(), (name) => this.log(name)), patienceMs);
  }

  /** Ends all that was started, and goes on where something does not end well, which is told in the end. */
  async close(): Promise<void> {
    const endings = [
      ...[...this.ways.values()].map((way) => way.destroy()),
      ...this.hosts.map(({ inside }) => inside.close()),
      this.closeHub(),
    ];
    const failed = (await Promise.allSettled(endings)).find(({ status }) => status === 'rejected');
    rmSync(this.folder, { recursive: true, force: true });
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  private async closeHub(): Promise<void> {
    try {
      for (const { pid } of this.started.splice(0).reverse()) await this.hub.stop(pid);
    } finally {
      await this.hub.close();
    }
  }
}
