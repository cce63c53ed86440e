import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_POOL_FORECAST } from '../../agent/model/pool.ts';
import { poolSeries } from '../../exporters/pool-series.ts';
import { PrometheusExporter } from '../../exporters/prometheus.ts';
import { assessment, destination, namespace, pool } from '../support/assessments.ts';

const values = (...args: Parameters<typeof poolSeries>) =>
  Object.fromEntries(poolSeries(...args).map(({ name, value }) => [name.replace('lastport_pool_', ''), value]));

describe('poolSeries', () => {
  it('has no value for what is not known, and +Inf for what is not in sight', () => {
    assert.deepEqual(values([pool()], 'quotas'), {
      limit: 1024,
      used: 412,
      used_low: 400,
      exhaustion_seconds: Number.POSITIVE_INFINITY,
      sure_exhaustion_seconds: Number.POSITIVE_INFINITY,
      settled_used: 430,
    });
    const { used, exhaustion_seconds, sure_exhaustion_seconds } = values(
      [pool({ used: null, forecast: NO_POOL_FORECAST })],
      'quotas',
    );
    assert.deepEqual([used, exhaustion_seconds, sure_exhaustion_seconds], [null, null, null]);
  });

  it('tells quotas and tables apart, and has the first four of either', () => {
    const pools = [
      ...Array.from({ length: 9 }, (_, index) => pool({ name: `${index}` })),
      pool({ kind: 'conntrack', netns: 'host' }),
    ];
    const names = new Set(poolSeries(pools, 'quotas').map(({ labels }) => labels['pool']));
    assert.deepEqual([...names], ['0', '1', '2', '3']);
    assert.deepEqual([...new Set(poolSeries(pools, 'tables').map(({ labels }) => labels['netns']))], ['host']);
  });

  it('keeps to the budget of the page, and is there however many destinations there are', async () => {
    const states = { established: 1, time_wait: 1, close_wait: 1, syn_sent: 1 } as const;
    const destinations = Array.from({ length: 50 }, (_, index) =>
      destination({ remotePort: index, states, verdict: 'critical' }),
    );
    const namespaces = Array.from({ length: 50 }, (_, index) => namespace({ label: `${index}`, destinations }));
    const pools = Array.from({ length: 200 }, (_, index) => pool({ name: `${index}` }));
    const exporter = new PrometheusExporter({ maxDestinations: 8, version: '', node: '' });
    exporter.publish(assessment({ namespaces, pools }));
    const lines = (await exporter.render('text')).body.split('\n').filter((line) => /^[a-z]/.test(line));
    assert.ok(lines.length <= 400, `${lines.length} series`);
    assert.equal(lines.filter((line) => line.startsWith('lastport_pool_limit')).length, 4);
  });
});
