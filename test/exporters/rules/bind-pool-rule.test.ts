import { it } from 'node:test';
import { needs } from '../../support/needs.ts';
import { playRules } from '../../support/promtool.ts';
import { ruleOptions } from '../../support/rule-options.ts';

const POOL = '{instance="web-1",netns="host",local="10.9.0.1"}';
const FIRING = {
  exp_labels: { instance: 'web-1', netns: 'host', local: '10.9.0.1', severity: 'warning' },
  exp_annotations: {
    summary: 'bind() before connect() from 10.9.0.1 runs out of ports',
    runbook_url: 'docs/alerts.md#lastportbindpoollow',
  },
};

/** promtool repeats no infinity. */
const steady = (value: number | '+Inf') => Array(8).fill(value).join(' ');

/** headroom, sure seconds, bound a second, what is used in the end; whether it fires. */
const CASES: readonly [string, number, number | '+Inf', number, number, boolean][] = [
  ['plenty left', 20_000, '+Inf', 20, 8232, false],
  ['its end is in sight', 20_000, 60, 20, 60_000, true],
  ['its end is in sight, and nobody binds', 20_000, 60, 0, 60_000, false],
  ['its end is in sight, and a handful is used', 28_000, 60, 20, 60_000, false],
  ['its end is far', 20_000, 600, 20, 60_000, false],
  ['little left', 4000, '+Inf', 20, 24_232, true],
  ['little left, and nobody binds', 4000, '+Inf', 0, 24_232, false],
  ['little left, and coming back', 4000, '+Inf', 20, 1000, false],
  ['little left, and more soon, but not enough', 4000, '+Inf', 20, 23_500, true],
  ['nothing left', 0, 0, 0, 28_232, true],
];

it('LastportBindPoolLow from Prometheus fires as the daemon’s does', { skip: needs('promtool') }, () => {
  const tests = CASES.map(([name, headroom, seconds, opens, settled, fires]) => ({
    name,
    interval: '15s',
    input_series: [
      { series: `lastport_ephemeral_ports{instance="web-1",netns="host",kind="usable"}`, values: steady(28_232) },
      { series: `lastport_bind_pool_headroom_ports${POOL}`, values: steady(headroom) },
      { series: `lastport_bind_pool_sure_exhaustion_seconds${POOL}`, values: steady(seconds) },
      { series: `lastport_bind_pool_exhaustion_seconds${POOL}`, values: steady(seconds) },
      { series: `lastport_bind_pool_used_ports${POOL}`, values: steady(28_232 - headroom) },
      { series: `lastport_bind_pool_settled_used_ports${POOL}`, values: steady(settled) },
      { series: `lastport_bind_pool_opens_per_second${POOL}`, values: steady(opens) },
    ],
    alert_rule_test: [{ eval_time: '1m', alertname: 'LastportBindPoolLow', exp_alerts: fires ? [FIRING] : [] }],
  }));
  playRules(ruleOptions(), tests, { isBare: false });
});
