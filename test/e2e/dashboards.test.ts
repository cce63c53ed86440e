// Every query of the dashboards that are shipped, as Grafana sends it, to a Prometheus that scrapes three hosts under load.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { obstacle } from '../kernel/netns.ts';
import { A6, B, C, HERE } from '../kernel/situations/places.ts';
import { PROGRAMS, Stage } from '../scenarios/stage.ts';
import {
  type Choice,
  DASHBOARD_NAMES,
  type Dashboard,
  interpolate,
  shippedDashboard,
  type Target,
} from '../support/grafana.ts';
import { needs } from '../support/needs.ts';
import { Fleet } from './fleet.ts';
import { WITH_TRACEFS } from './inside.ts';
import { hold } from './receivers.ts';

const PROBE = fileURLToPath(new URL('../../collectors/undici/probe.cjs', import.meta.url));
const UNDICI = fileURLToPath(new URL('../../../node_modules/undici/', import.meta.url));
/** Binds before it connects, at a steady rate, and closes. */
const BINDER = `
import socket, sys, time
address, to, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])
host, port = to.rsplit(":", 1)
while True:
    time.sleep(1 / rate)
    with socket.socket() as s:
        try:
            s.bind((address, 0))
            s.connect((host, int(port)))
        except OSError: pass
`;

const SCRAPE_MS = 500;
const TICK = '500ms';
/** Grafana's $__rate_interval is four scrapes at least; the range is what the test has. */
const TIMES = { rateInterval: `${(4 * SCRAPE_MS) / 1000}s`, range: '1m' };
const HOSTS = ['web-1', 'web-2', 'web-3'] as const;
const PATIENCE_MS = 30_000;

/** By dashboard, panel and query: what may be empty here, and why. */
const MAY_BE_EMPTY: Readonly<Record<string, string>> = {
  'host/Worst destinations/I': 'programs of this test belong to no systemd unit',
  'host/Tables of the kernel/B': 'the connection tracking table is there where its module is loaded',
  'host/What cannot be seen/B': 'no collector fails',
};
/** Only once an agent is gone. */
const OF_THE_MISSING = ['fleet/Agents missing/A', 'fleet/Missing/A', 'fleet/Agents that Prometheus reaches/B'];
/** Labels of legends that no series has here, and why. */
const NO_LABELS: Readonly<Record<string, string>> = {
  'host/Owners/A unit': 'programs of this test belong to no systemd unit',
  'fleet/Used ports by unit/A unit': 'the same',
  'host/Pools and tables: full in/A netns': 'a quota is of no namespace, and no table ends here',
};

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}
interface Asked {
  readonly name: string;
  readonly target: Target;
  readonly dashboard: Dashboard;
  readonly choice: Choice;
}

const hasNumber = ({ value, values = [] }: Series): boolean =>
  (value === undefined ? values : [value]).some(([, text]) => Number.isFinite(Number(text)));

/** Everything that Grafana asks for when somebody opens a dashboard and chooses so. */
function asked(name: (typeof DASHBOARD_NAMES)[number], choice: Choice): Asked[] {
  const dashboard = shippedDashboard(name);
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map((target) => ({ name: `${name}/${title}/${target.refId}`, target, dashboard, choice })),
  );
}

const skip =
  needs('prometheus') || needs('python3') || (process.getuid?.() !== 0 && 'needs root') || (await obstacle());

describe('the dashboards for Grafana', { skip, timeout: 120_000 }, () => {
  let fleet: Fleet;
  const stages: Stage[] = [];
  const all = [...HOSTS.flatMap((instance) => asked('host', { instance })), ...asked('fleet', {})];

  before(async () => {
    fleet = await Fleet.open(TICK, [
      { name: 'web-1', cluster: 'a', flags: () => ['--webhook', 'http://10.9.0.2:9500/'] },
      { name: 'web-2', cluster: 'a', flags: () => ['--trace', '--ask', 'off'], wrap: WITH_TRACEFS },
      {
        name: 'web-3',
        flags: () => [
          '--nat',
          'name=nat;networks=10.9.0.0/16;ports=60;held=6s',
          '--to',
          'localhost:8080',
          '--engine',
          'procfs',
        ],
      },
    ]);
    await fleet.startPrometheus({ scrapeEvery: `${SCRAPE_MS}ms`, relabel: [AN_OLDER_AGENT] });
    await Promise.all([loadWeb1(), loadWeb2(), loadWeb3()]);
  });
  after(async () => {
    for (const stage of stages) await stage.end();
    await fleet?.close();
  });

  const instant = (query: string) => `query?query=${encodeURIComponent(query)}`;
  const overTime = (query: string) => {
    const now = Date.now() / 1000;
    return `query_range?query=${encodeURIComponent(query)}&start=${now - 60}&end=${now}&step=1`;
  };
  const ask = async (some: readonly Asked[]): Promise<(readonly Series[])[]> => {
    const paths = some.map(({ target, dashboard, choice }) => {
      const query = interpolate(target.expr, dashboard.templating.list, choice, TIMES);
      return target.instant === true ? instant(query) : overTime(query);
    });
    const answers = await fleet.api<{ result: readonly Series[] }>(paths);
    return answers.map(({ result }) => result);
  };
  const values = async (query: string) => {
    const [answer] = await fleet.api<{ result: readonly Series[] }>([instant(query)]);
    return answer!.result;
  };

  it('have data in every panel, with every label that a legend names', async () => {
    const wanted = all.filter(({ name }) => !(name in MAY_BE_EMPTY) && !OF_THE_MISSING.includes(name));
    const seen = new Map<string, Set<string>>();
    const empty = () => [...new Set(wanted.map(({ name }) => name))].filter((name) => !seen.has(name));
    await fleet
      .until(
        'data everywhere',
        async () => {
          const left = wanted.filter(({ name }) => !seen.has(name));
          for (const [index, result] of (await ask(left)).entries()) {
            const some = result.filter(hasNumber);
            if (some.length === 0) continue;
            const { name } = left[index]!;
            const labels = seen.get(name) ?? new Set();
            for (const { metric } of some) for (const label of Object.keys(metric)) labels.add(label);
            seen.set(name, labels);
          }
          return empty().length === 0 ? 'everywhere' : null;
        },
        PATIENCE_MS,
      )
      .catch((error: Error) => assert.fail(`no data: ${empty().join(', ')}\n${error.message}`));
    for (const { name, target } of wanted) {
      const named = [...(target.legendFormat ?? '').matchAll(/{{(\w+)}}/g)].map(([, label]) => label!);
      const missing = named.filter((label) => !seen.get(name)?.has(label) && !(`${name} ${label}` in NO_LABELS));
      assert.deepEqual(missing, [], `${name}: ${target.legendFormat}`);
    }
  });

  it('show what is so', async () => {
    const one = async (name: string) => {
      const [result] = await ask(all.filter((query) => query.name === name).slice(0, 1));
      return result!.map(({ metric, value }) => ({ ...metric, value: Number(value?.[1]) }));
    };
    assert.deepEqual(await one('fleet/Agents/A'), [{ value: 3 }]);
    const worst = await one('fleet/Worst hosts/A');
    assert.deepEqual(worst.map(({ instance, cluster }: Record<string, unknown>) => `${instance} ${cluster}`).sort(), [
      'web-1 a',
      'web-2 a',
      'web-3 undefined',
    ]);
    assert.deepEqual(
      (await one('fleet/Of another version than most/A')).map(({ instance, version }: Record<string, unknown>) => [
        instance,
        version,
      ]),
      [['web-3', '0.0.9']],
    );
    assert.deepEqual(await one('host/Tightest destination/A'), [{ value: 1 }]);
    assert.deepEqual(await one('host/Out of ports in/A'), [{ value: 0 }]);
    const [{ value: without = 0 } = {}] = await one('host/Without a port/A');
    assert.ok(without > 0 && without < 60, `${without} s without a port`);
  });

  it('have variables that hold what there is, and annotations', async () => {
    for (const name of DASHBOARD_NAMES) {
      const dashboard = shippedDashboard(name);
      const { list } = dashboard.templating;
      const choice: Choice = name === 'host' ? { instance: 'web-3' } : {};
      const found: Record<string, readonly string[]> = {};
      for (const variable of list.filter(({ type }) => type === 'query')) {
        const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(variable.query) ?? [];
        const query = interpolate(selector!, list, choice, TIMES);
        const [answer] = await fleet.api<string[]>([`label/${label}/values?match[]=${encodeURIComponent(query)}`]);
        found[variable.name] = answer!;
      }
      assert.deepEqual(found['cluster'], ['a']);
      assert.deepEqual(found['job'], ['lastport']);
      assert.deepEqual(found['instance'], HOSTS);
      assert.equal(found['netns']?.length, name === 'host' ? 1 : 3);
      assert.ok(found['destination']?.includes(A6));
      assert.equal(found['destination']?.includes(B), name === 'fleet');
    }
    for (const { name, expr } of shippedDashboard('fleet').annotations.list) {
      const query = interpolate(expr, shippedDashboard('fleet').templating.list, {}, TIMES);
      assert.ok((await values(query)).length > 0, name);
    }
  });

  it('show of one destination, or of two, what is asked for, and of a cluster', async () => {
    const panel = 'host/Used ports/A';
    const of = async (choice: Choice) => {
      const [result] = await ask(asked('host', choice).filter(({ name }) => name === panel));
      return result!.map(({ metric }) => metric['destination']).sort();
    };
    assert.deepEqual(await of({ instance: 'web-3', destination: A6 }), [A6]);
    assert.deepEqual(await of({ instance: 'web-3', destination: [A6, 'localhost'] }), [A6]);
    assert.deepEqual(await of({ instance: 'web-3', cluster: 'a' }), []);
    assert.deepEqual(await of({ instance: 'web-1', cluster: ['a', 'b'], job: 'lastport', destination: [B, C] }), [B]);
  });

  it('show nothing of others where one is chosen of whom there is nothing', async () => {
    for (const choice of [{ instance: 'nobody' }, { instance: 'web-1', job: 'none' }]) {
      const queries = DASHBOARD_NAMES.flatMap((name) => asked(name, choice));
      const found = (await ask(queries)).flatMap((result, index) => (result.length > 0 ? [queries[index]!.name] : []));
      // An alert keeps no job.
      assert.deepEqual(found, 'job' in choice ? ['fleet/Firing/A'] : []);
    }
  });

  it('miss an agent that is gone', async () => {
    await fleet.host('web-3').stop('lastport');
    const missing = all.filter(({ name }) => OF_THE_MISSING.includes(name));
    assert.equal(missing.length, OF_THE_MISSING.length);
    await fleet.until('an agent is missed', async () => {
      const results = await ask(missing);
      return results.every((result) => result.some(hasNumber)) ? 'missed' : null;
    });
    const [who] = await ask(missing.filter(({ name }) => name === 'fleet/Missing/A'));
    assert.deepEqual(
      who!.map(({ metric }) => metric['instance']),
      ['web-3'],
    );
  });

  const stageOf = (name: string): Stage => {
    const { net, folder } = fleet.host(name);
    const stage = new Stage(net, folder);
    stages.push(stage);
    return stage;
  };

  /** A client that makes an agent for each request, with the probe in it; and one that takes every port there is. */
  async function loadWeb1(): Promise<void> {
    const stage = stageOf('web-1');
    const probe = { NODE_OPTIONS: `--require ${PROBE}`, LASTPORT_PROBE_SOCKET: join(stage.folder, 'probe.sock') };
    await stage.start('server', [process.execPath, join(PROGRAMS, 'server.mjs'), '8090'], {
      where: 'server',
      awaits: 'ready',
    });
    await stage.start(
      'client',
      [process.execPath, join(PROGRAMS, 'undici-client.mjs'), 'agent-closed', 'http://10.9.0.2:8090', '100'],
      { env: { ...probe, UNDICI }, awaits: 'done', patienceMs: PATIENCE_MS },
    );
    await hold(fleet.host('web-1'), 'taker', B, 2000);
  }

  /** One that is refused, seen by the kernel's trace. */
  async function loadWeb2(): Promise<void> {
    await hold(fleet.host('web-2'), 'taker', C, 2000);
  }

  /** Calm, and one that binds before it connects. */
  async function loadWeb3(): Promise<void> {
    await fleet.host('web-3').net.connect({ to: A6, count: 300, name: 'calm' });
    await fleet.host('web-3').start('binder', ['python3', '-c', BINDER, HERE, '10.9.0.4:8080', '20']);
  }
});

/** One of the three says that it is. */
const AN_OLDER_AGENT = {
  source_labels: ['__name__', 'instance'],
  regex: 'lastport_build_info;web-3',
  target_label: 'version',
  replacement: '0.0.9',
};
