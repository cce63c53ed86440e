import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import type { Assessment, DestinationReport } from '../../agent/model/assessment.ts';
import { COUNTER_NAMES } from '../../agent/model/readings.ts';
import { TCP_STATES } from '../../agent/model/state.ts';
import { METRIC_NAMES, METRICS } from '../../exporters/metrics.ts';
import { type MetricsFormat, PrometheusExporter } from '../../exporters/prometheus.ts';
import { assessment, cause, destination, namespace, PROBED, pool } from '../support/assessments.ts';
import { matchesGolden } from '../support/golden.ts';
import { needs } from '../support/needs.ts';

function exporter(maxDestinations = 8): PrometheusExporter {
  return new PrometheusExporter({ maxDestinations, version: '0.1.0', node: 'v20.19.0' });
}

async function render(published: readonly Assessment[], format: MetricsFormat = 'text', max = 8): Promise<string> {
  const prometheus = exporter(max);
  prometheus.noteSink('webhook example.com');
  prometheus.noteIncidents({ incidents: 2, writeFailures: 1 });
  prometheus.noteWeb({ file: '/etc/lastport/web.yml', isCurrent: true, expiresAt: 1_800_000_000_000 });
  for (const one of published) prometheus.publish(one);
  return (await prometheus.render(format)).body;
}

const series = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const ours = (text: string) =>
  text
    .split('\n')
    .filter((line) => /^(# (HELP|TYPE|UNIT|EOF) ?)?lastport_/.test(line) || line === '# EOF')
    .join('\n');

describe('PrometheusExporter', () => {
  for (const format of ['text', 'openmetrics'] as const) {
    it(`shows an Assessment as the golden does, ${format}`, async () => {
      matchesGolden(`metrics.${format}.txt`, ours(await render([assessment({ pools: [pool()] })], format)));
    });
  }

  it('exports every metric of the catalogue for a full Assessment', async () => {
    const counters = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 1]));
    const full = assessment({
      namespaces: [namespace({ counters, destinations: [destination({ ...PROBED, causes: [cause()] })] })],
      probes: { connected: 3, dropped: 1 },
      pools: [pool()],
      gaps: [{ source: 's', what: '', why: '', costs: '' }],
    });
    const names = new Set(
      series(await render([full])).map((line) => line.replace(/[{ ].*/, '').replace(/_(bucket|sum|count)$/, '')),
    );
    assert.deepEqual(
      METRIC_NAMES.filter((name) => !names.has(name)),
      [],
    );
  });

  it('gives destinations below 5 % no series of their own while they are healthy, and sums them', async () => {
    const small = destination({ usedPorts: 1000, remotePort: 1, headroomPorts: 27000, verdict: 'healthy' });
    const sick = destination({ usedPorts: 1000, remotePort: 2, headroomPorts: 0, verdict: 'critical' });
    const text = await render([
      assessment({
        namespaces: [namespace({ destinations: [sick, small], destinationsOmitted: 5, omittedUsedPorts: 7 })],
      }),
    ]);
    assert.match(text, /lastport_destination_used_ports\{.*10\.9\.0\.2:2.*\} 1000/);
    assert.doesNotMatch(text, /10\.9\.0\.2:1"/);
    assert.match(text, /lastport_destinations_omitted\{netns="host"\} 6\n/);
    assert.match(text, /lastport_omitted_used_ports\{netns="host"\} 1007\n/);
    assert.match(text, /lastport_worst_saturation_ratio\{netns="host"\} 1\n/);
  });

  it('removes the series of what has gone', async () => {
    const text = await render([assessment(), assessment({ namespaces: [namespace({ destinations: [] })] })]);
    assert.doesNotMatch(text, /10\.9\.0\.2/);
    assert.match(text, /lastport_worst_saturation_ratio\{netns="host"\} 0\n/);
  });

  it('follows a counter of the kernel, and its reset', async () => {
    const at = (activeOpens: number) => assessment({ namespaces: [namespace({ counters: { activeOpens } })] });
    assert.match(await render([at(62), at(70)]), /lastport_tcp_active_opens_total\{netns="host"\} 70\n/);
    assert.match(await render([at(62), at(3)]), /lastport_tcp_active_opens_total\{netns="host"\} 3\n/);
  });

  it('shows no series for what is not known', async () => {
    const blind = namespace({
      verdict: 'blind',
      usablePorts: null,
      blockedPorts: null,
      reservedPorts: null,
      destinations: [],
      counters: {},
    });
    const text = await render([assessment({ namespaces: [blind], host: { name: 'a', kernel: 'b', inventory: null } })]);
    assert.doesNotMatch(
      text,
      /^lastport_(ephemeral_ports\{.*(usable|blocked|reserved)|worst|host_info|tcp_|conntrack)/m,
    );
  });

  it('keeps to 400 series, process metrics included, whatever the host does', async () => {
    const text = await render([worstOfAll(), worstOfAll()]);
    const count = series(text).length;
    assert.ok(count <= 400, `${count} series`);
    assert.ok(count > 350, `${count} series: the budget is not used`);
    const omitted = Number(/^lastport_series_omitted (\d+)$/m.exec(text)?.[1]);
    assert.ok(omitted > 0);
    const used = series(text).filter((line) => line.startsWith('lastport_destination_used_ports'));
    assert.equal(used.length, 8);
    assert.ok(
      series(text).every((line) => line.length < 1024),
      'labels are cut',
    );
  });

  it('fills its budget to the last series', async () => {
    const budgeted = (line: string) => !/^lastport_(tick_duration_seconds|series_omitted)/.test(line);
    assert.equal(series(ours(await render([worstOfAll()]))).filter(budgeted).length, 310);
  });

  it('shows what was asked for, healthy and unused', async () => {
    const asked = destination({ asked: true, usedPorts: 0, remotePort: 1, headroomPorts: 28000, verdict: 'healthy' });
    const text = await render([assessment({ namespaces: [namespace({ destinations: [asked] })] })]);
    assert.match(text, /lastport_destination_headroom_ports\{.*10\.9\.0\.2:1".*\} 28000/);
  });

  it('is the same text before and after OpenMetrics', async () => {
    const prometheus = exporter();
    prometheus.publish(assessment());
    const [before, , after] = await Promise.all(
      (['text', 'openmetrics', 'text'] as const).map((f) => prometheus.render(f)),
    );
    assert.equal(ours(after!.body), ours(before!.body));
  });

  it('gives more destinations their series when it is told to', async () => {
    const used = series(await render([worstOfAll()], 'text', 40)).filter((line) =>
      line.startsWith('lastport_destination_used'),
    );
    assert.equal(used.length, 40);
  });

  it('pleases promtool', { skip: needs('promtool') }, async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await render([worstOfAll()]),
      encoding: 'utf8',
    });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });
});

describe('METRICS', () => {
  it('uses _total for counters and only for them', () => {
    for (const name of METRIC_NAMES) assert.equal(name.endsWith('_total'), METRICS[name].type === 'counter', name);
  });
});

/** 500 namespaces of 1,000 destinations each, in every state, with labels as long as an attacker likes. */
/** Made once: half a million destinations take their time. */
let worst: Assessment | undefined;
const worstOfAll = (): Assessment => (worst ??= makeWorstOfAll());

function makeWorstOfAll(): Assessment {
  const states = Object.fromEntries(TCP_STATES.map((state) => [state, 1]));
  const long = 'x'.repeat(5000);
  const counters = Object.fromEntries(COUNTER_NAMES.map((name, index) => [name, index]));
  const destinations = (from: number): DestinationReport[] =>
    Array.from({ length: 1000 }, (_, index) =>
      destination({
        ...PROBED,
        causes: [cause()],
        states,
        remoteName: long,
        remotePort: index,
        headroomPorts: from % 500,
        verdict: 'critical',
      }),
    );
  return assessment({
    namespaces: Array.from({ length: 500 }, (_, index) =>
      namespace({
        label: `${index}${long}`,
        netns: index,
        verdict: 'critical',
        destinations: destinations(index),
        counters,
      }),
    ),
    probes: { connected: 1, dropped: 0 },
    gaps: Array.from({ length: 64 }, (_, index) => ({ source: `${index}${long}`, what: '', why: '', costs: '' })),
    collectors: Array.from({ length: 8 }, (_, index) => ({ collector: `c${index}`, durationMs: 1, ok: true })),
  });
}
