// Part of bench:lead: one storm of connections in namespaces of its own, and everybody who may tell of it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Netns, type Side } from '../kernel/netns.ts';
import { MAIN } from '../support/program.ts';
import type { Received } from './lead-receiver.ts';
import { ruleFile, SCRAPE_EVERY } from './lead-rules.ts';

const RECEIVER = fileURLToPath(new URL('./lead-receiver.js', import.meta.url));
const DESTINATION = '10.9.0.2:8080';
const RECEIVER_AT = ['10.9.0.3', '9095'] as const;
const ALERTMANAGER_AT = '10.9.0.3:9093';
const PROMETHEUS_AT = '10.9.0.4:9090';
const NODE_EXPORTER_AT = '10.9.0.1:9100';
/** For a program to start, and for the storm to end after its time. */
const PATIENCE_MS = 20_000;
const POLL_MS = 20;

export interface StormPlan {
  readonly range: readonly [number, number];
  readonly perSecond: number;
  readonly seconds: number;
  /** Before it, everything is up and running for so long. */
  readonly quietMs: number;
}

/** What the client did, see programs/storm.go. */
export interface Storm {
  readonly begunAt: number;
  /** 0: never. */
  readonly refusedAt: number;
  readonly cliffAt: number;
  readonly endedAt: number;
  readonly made: number;
  readonly refused: number;
  readonly forgone: number;
  readonly perSecond: readonly number[];
}

export interface StormOutcome {
  readonly storm: Storm;
  readonly received: readonly Received[];
}

/** `program`: storm.go, compiled. */
export async function storm(program: string, plan: StormPlan): Promise<StormOutcome> {
  const [low, high] = plan.range;
  const folder = mkdtempSync(join(tmpdir(), 'lastport-lead-'));
  const net = await Netns.open({ sysctls: { ip_local_port_range: `${low} ${high}` } });
  const log = (name: string) => join(folder, `${name}.log`);
  const told = (name: string) => readFileSync(log(name), 'utf8');
  const config = (name: string, content: object): string => {
    const path = join(folder, name);
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  /** Until it says so. */
  const start = async (name: string, where: Side, argv: readonly string[], says: RegExp, forMs = PATIENCE_MS) => {
    await net.start(argv, log(name), where);
    const deadline = performance.now() + forMs;
    while (!says.test(told(name))) {
      if (performance.now() > deadline) throw new Error(`${name} never said ${says}:\n${told(name).slice(-2000)}`);
      await delay(POLL_MS);
    }
  };
  try {
    await start('server', 'server', [program, 'serve', DESTINATION], /ready/);
    const alertmanager = config('alertmanager.yml', { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] });
    await start(
      'alertmanager',
      'server',
      [
        'prometheus-alertmanager',
        `--config.file=${alertmanager}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=${ALERTMANAGER_AT}`,
        '--cluster.listen-address=',
      ],
      /Listening on/,
    );
    await start('receiver', 'server', [process.execPath, RECEIVER, ...RECEIVER_AT, ALERTMANAGER_AT], /ready/);
    await start(
      'node_exporter',
      'client',
      ['prometheus-node-exporter', `--web.listen-address=${NODE_EXPORTER_AT}`],
      /Listening on/,
    );
    const rules = config('rules.yml', ruleFile(high - low + 1));
    const prometheus = config('prometheus.yml', {
      global: { scrape_interval: SCRAPE_EVERY, evaluation_interval: SCRAPE_EVERY },
      rule_files: [rules],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [ALERTMANAGER_AT] }] }] },
      scrape_configs: [{ job_name: 'node', static_configs: [{ targets: [NODE_EXPORTER_AT] }] }],
    });
    await start(
      'prometheus',
      'server',
      [
        'prometheus',
        `--config.file=${prometheus}`,
        `--storage.tsdb.path=${join(folder, 'tsdb')}`,
        `--web.listen-address=${PROMETHEUS_AT}`,
      ],
      /Server is ready/,
    );
    const sinks = ['--alertmanager', `http://${ALERTMANAGER_AT}`, '--webhook', `http://${RECEIVER_AT.join(':')}/`];
    await start('lastport', 'client', [process.execPath, MAIN, 'run', '--netns', 'self', ...sinks], /"listening"/);
    // Not in step with anybody's ticks.
    await delay(plan.quietMs + Math.random() * 1000);
    const argv = [program, 'connect', DESTINATION, String(plan.perSecond), String(plan.seconds)];
    await start('client', 'client', argv, /^\{.*\}\n/, plan.seconds * 1000 + PATIENCE_MS);
    await delay(SETTLE_MS);
    return { storm: JSON.parse(told('client')) as Storm, received: receivedIn(told('receiver')) };
  } finally {
    await net.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** For what is under way when the storm ends. */
const SETTLE_MS = 300;

function receivedIn(log: string): Received[] {
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Received);
}
