import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_THRESHOLDS } from '../../../agent/correlate/alert-conditions.ts';
import { prometheusRules } from '../../../exporters/rules/rules.ts';
import { needs } from '../../support/needs.ts';
import { playRules } from '../../support/promtool.ts';
import { ruleOptions } from '../../support/rule-options.ts';

const thresholds = { ...DEFAULT_THRESHOLDS, conntrackRatio: 0.8, timeWaitTableRatio: 0.95 };
const rules = (hasNat: boolean) => prometheusRules(ruleOptions({ thresholds, hasNat, runbookBase: 'r' }));

describe('prometheusRules of pools', () => {
  it('has one for quotas where there are any', () => {
    assert.match(rules(true), /alert: LastportNatQuotaLow/);
    assert.doesNotMatch(rules(false), /LastportNatQuotaLow/);
  });

  it('fires as the daemon does, with the labels of its alerts', { skip: needs('promtool') }, () => {
    const quota = (metric: string, pool: string) => `lastport_pool_${metric}{instance="i",pool="${pool}",kind="nat"}`;
    const table = (metric: string, kind: string) =>
      `lastport_pool_${metric}{instance="i",pool="${kind}",kind="${kind}",netns="host"}`;
    const input = {
      [quota('limit', 'low')]: '1000',
      [quota('used_low', 'low')]: '801',
      [quota('limit', 'ending')]: '1000',
      [quota('used_low', 'ending')]: '300',
      [quota('sure_exhaustion_seconds', 'ending')]: '119',
      [quota('limit', 'fine')]: '1000',
      [quota('used_low', 'fine')]: '800',
      [quota('sure_exhaustion_seconds', 'fine')]: '121',
      [quota('limit', 'back')]: '1000',
      [quota('used_low', 'back')]: '900',
      [quota('settled_used', 'back')]: '300',
      [quota('exhaustion_seconds', 'back')]: '+Inf',
      [quota('limit', 'level')]: '1000',
      [quota('used_low', 'level')]: '900',
      [quota('settled_used', 'level')]: '850',
      [quota('exhaustion_seconds', 'level')]: '+Inf',
      [quota('limit', 'handful')]: '1000',
      [quota('used_low', 'handful')]: '3',
      [quota('sure_exhaustion_seconds', 'handful')]: '5',
      [table('limit', 'conntrack')]: '1000',
      [table('used_low', 'conntrack')]: '500',
      [table('sure_exhaustion_seconds', 'conntrack')]: '60',
      [table('limit', 'time_wait')]: '1000',
      [table('used_low', 'time_wait')]: '500',
      [table('sure_exhaustion_seconds', 'time_wait')]: '+Inf',
      'lastport_tcp_sockets_time_wait{instance="i",netns="host"}': '960',
      'lastport_tcp_time_wait_limit{instance="i",netns="host"}': '1000',
    };
    const alert = (alertname: string, labels: object) => ({
      eval_time: '1m',
      alertname,
      exp_alerts: Array.isArray(labels) ? labels : [labels],
    });
    const one = (labels: object) => ({
      exp_labels: { severity: 'warning', instance: 'i', ...labels },
      exp_annotations: {},
    });
    playRules(ruleOptions({ thresholds, hasNat: true, runbookBase: 'r' }), [
      {
        interval: '15s',
        input_series: Object.entries(input).map(([series, value]) => ({
          series,
          values: new Array(8).fill(value).join(' '),
        })),
        alert_rule_test: [
          alert(
            'LastportNatQuotaLow',
            ['low', 'ending', 'level'].map((pool) => one({ pool })),
          ),
          alert('LastportConntrackLow', one({ netns: 'host' })),
          alert('LastportTimeWaitTableFull', one({ netns: 'host' })),
        ],
      },
    ]);
  });
});
