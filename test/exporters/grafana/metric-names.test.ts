import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OTHERS } from '../../../exporters/grafana/series.ts';
import { METRIC_NAMES, METRICS } from '../../../exporters/metrics.ts';
import { allQueries, DASHBOARD_NAMES, shippedDashboard } from '../../support/grafana.ts';

/** What a query asks for: a name and its matchers. */
const NAMES = /\b([a-zA-Z_:][\w:]*)\{/g;
const OF_HISTOGRAMS = /_(bucket|sum|count)$/;

/** Names that no catalogue has. */
function unknown(queries: readonly string[], catalogue: readonly string[]): string[] {
  const known = new Set<string>([...catalogue, ...OTHERS]);
  const isKnown = (name: string) => {
    const base = name.replace(OF_HISTOGRAMS, '');
    return known.has(name) || (known.has(base) && METRICS[base as keyof typeof METRICS]?.type === 'histogram');
  };
  const named = queries.flatMap((query) => [...query.matchAll(NAMES)].map(([, name]) => name!));
  return [...new Set(named)].filter((name) => !isKnown(name));
}

describe('metrics that a dashboard asks for', () => {
  const queries = DASHBOARD_NAMES.flatMap((name) => allQueries(shippedDashboard(name)));

  it('are in the catalogue', () => {
    assert.ok(queries.length > 100, 'queries were found');
    for (const query of queries) assert.match(query, new RegExp(NAMES.source), 'has a metric with matchers');
    assert.deepEqual(unknown(queries, METRIC_NAMES), []);
  });

  it('are missed as soon as one is renamed', () => {
    for (const renamed of ['lastport_destination_used_ports', 'lastport_tick_duration_seconds', 'lastport_alerts']) {
      const rest = METRIC_NAMES.filter((name) => name !== renamed);
      const found = unknown(queries, rest);
      assert.equal(found.length, 1, renamed);
      assert.ok(found[0]?.startsWith(renamed));
    }
  });

  it('show what the catalogue has of destinations, pools and namespaces, save what alerts alone need', () => {
    const shown = new Set(queries.flatMap((query) => [...query.matchAll(NAMES)].map(([, name]) => name!)));
    const left = METRIC_NAMES.filter((name) => !shown.has(name) && !shown.has(`${name}_bucket`));
    assert.deepEqual(left, [
      'lastport_destination_maybe_blocked_ports',
      'lastport_destination_headroom_low_ports',
      'lastport_destination_opens_total',
      'lastport_destination_peak_used_ports',
      'lastport_bind_pool_sure_exhaustion_seconds',
      'lastport_pool_used_low',
      'lastport_pool_sure_exhaustion_seconds',
      'lastport_pool_settled_used',
      'lastport_http_refused_total',
      'lastport_web_config_last_reload_successful',
      'lastport_web_certificate_expiry_timestamp_seconds',
      'lastport_host_info',
    ]);
  });
});
