// What Prometheus makes of the rules: promtool plays series to them. Those of pools are in files of their own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_THRESHOLDS } from '../../../agent/correlate/alert-conditions.ts';
import { prometheusRules } from '../../../exporters/rules/rules.ts';
import { needs } from '../../support/needs.ts';
import { playRules } from '../../support/promtool.ts';
import { ruleOptions } from '../../support/rule-options.ts';

const TARGET = { job: 'lastport', instance: 'web-1:9477' };
const WHERE = { ...TARGET, netns: 'host', local: '10.9.0.1', destination: '10.9.0.2:8080' };
const LABELS = { instance: 'web-1:9477', netns: 'host', local: '10.9.0.1', destination: '10.9.0.2:8080' };
const series = (name: string, labels: object) =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;
/** promtool repeats no infinity. */
const always = (value: number | string, times = 9) => new Array(times).fill(value).join(' ');

/** A destination of a host with 10,000 usable ports, at rest. */
const CALM = {
  headroom_ports: 9000,
  used_ports: 1000,
  reusable_ports: 0,
  settled_used_ports: 1000 as number | null,
  exhaustion_seconds: '+Inf' as number | string,
  sure_exhaustion_seconds: '+Inf' as number | string,
  slow_connect_seconds: '+Inf' as number | string,
  sure_slow_connect_seconds: '+Inf' as number | string,
};
type State = Partial<typeof CALM>;

/** What each says, in words of "name severity", by what is so. */
const CASES: readonly [string, State, readonly string[]][] = [
  ['all is well', {}, []],
  [
    'no port is left',
    {
      headroom_ports: 0,
      used_ports: 10_000,
      exhaustion_seconds: 0,
      sure_exhaustion_seconds: 0,
      slow_connect_seconds: 0,
      sure_slow_connect_seconds: 0,
      settled_used_ports: null,
    },
    [
      'PortsExhausted critical',
      'ExhaustionPredicted warning',
      'ExhaustionPredicted critical',
      'SlowConnect warning',
      'HeadroomLow warning',
      'HeadroomLow critical',
    ],
  ],
  ['none is left, and it uses none', { headroom_ports: 0, used_ports: 0 }, []],
  ['its end is in sight', { sure_exhaustion_seconds: 60, exhaustion_seconds: 60 }, ['ExhaustionPredicted warning']],
  [
    'its end is in sight, and a quarter is used',
    { sure_exhaustion_seconds: 60, used_ports: 2500, headroom_ports: 7500 },
    ['ExhaustionPredicted warning', 'ExhaustionPredicted critical'],
  ],
  [
    'its end is in sight, and it uses a handful',
    { sure_exhaustion_seconds: 60, used_ports: 10, headroom_ports: 9990 },
    [],
  ],
  ['its end may be in sight', { exhaustion_seconds: 60 }, []],
  ['its end is far', { sure_exhaustion_seconds: 121 }, []],
  ['it will be slow', { sure_slow_connect_seconds: 100 }, ['SlowConnect warning']],
  [
    'it is slow, and level',
    {
      slow_connect_seconds: 0,
      sure_slow_connect_seconds: 0,
      used_ports: 5500,
      settled_used_ports: 5600,
      headroom_ports: 4500,
    },
    ['SlowConnect warning'],
  ],
  ['little is left', { headroom_ports: 1900, used_ports: 8100, settled_used_ports: 8100 }, ['HeadroomLow warning']],
  [
    'hardly any is left',
    { headroom_ports: 400, used_ports: 9600, settled_used_ports: 9600 },
    ['HeadroomLow warning', 'HeadroomLow critical'],
  ],
  ['little is left, and comes back', { headroom_ports: 400, used_ports: 9600, settled_used_ports: 100 }, []],
  [
    'little is left, and the cliff has told of that level',
    {
      headroom_ports: 1900,
      used_ports: 8100,
      settled_used_ports: 8200,
      slow_connect_seconds: 0,
      sure_slow_connect_seconds: 0,
    },
    ['SlowConnect warning'],
  ],
];

const check = (options: Parameters<typeof ruleOptions>[0], tests: readonly object[]): void =>
  playRules(ruleOptions(options), tests);

const NAMES = ['PortsExhausted', 'ExhaustionPredicted', 'SlowConnect', 'HeadroomLow', 'ConnectionLeak'];
const firing = (labels: object, found: readonly string[], names: readonly string[], eval_time = '2m') =>
  names.map((name) => ({
    eval_time,
    alertname: `Lastport${name}`,
    exp_alerts: found
      .filter((one) => one.startsWith(`${name} `))
      .map((one) => ({ exp_labels: { ...labels, severity: one.split(' ')[1] } })),
  }));

const inputOf = (state: State, more: Readonly<Record<string, string>> = {}) => {
  const all = Object.entries({ ...CALM, ...state }).filter(([, value]) => value !== null);
  return Object.entries({
    [series('lastport_ephemeral_ports', { ...TARGET, netns: 'host', kind: 'usable' })]: always(10_000),
    ...Object.fromEntries(
      all.map(([name, value]) => [series(`lastport_destination_${name}`, WHERE), always(value as number | string)]),
    ),
    ...more,
  }).map(([name, values]) => ({ series: name, values }));
};

describe('prometheusRules', { skip: needs('promtool') }, () => {
  it('fire for a destination as the daemon’s alerts do, with their labels', () => {
    check(
      {},
      CASES.map(([name, state, found]) => ({
        name,
        interval: '15s',
        input_series: inputOf(state),
        alert_rule_test: firing(LABELS, found, NAMES),
      })),
    );
  });

  it('have the unit where one is known, and the labels that targets have', () => {
    const unit = series('lastport_destination_unit', { ...WHERE, unit: 'api.service' });
    const full = { headroom_ports: 0, used_ports: 10_000 };
    check({}, [
      {
        interval: '15s',
        input_series: inputOf(full, { [unit]: always(1) }),
        alert_rule_test: firing({ ...LABELS, unit: 'api.service' }, ['PortsExhausted critical'], ['PortsExhausted']),
      },
    ]);
    const input = inputOf(full).map((one) => ({ ...one, series: one.series.replace('{', '{cluster="a",') }));
    check({ labels: ['cluster'] }, [
      {
        interval: '15s',
        input_series: input,
        alert_rule_test: firing({ ...LABELS, cluster: 'a' }, ['PortsExhausted critical'], ['PortsExhausted']),
      },
    ]);
  });

  it('tell of live ports that grow without end, and not of those that rise and fall', () => {
    const { windowSeconds, windows } = ruleOptions().leak;
    const samples = ((windows + 2) * windowSeconds) / 15;
    const growing = Array.from({ length: samples }, (_, index) => 1000 + index * 40);
    const wavy = growing.map((_, index) => 1000 + Math.round(400 * Math.sin(index / 7)));
    const of = (used: readonly number[]) =>
      inputOf({}).map((one) => {
        if (one.series.startsWith('lastport_destination_used_ports')) return { ...one, values: used.join(' ') };
        if (one.series.startsWith('lastport_destination_headroom_ports'))
          return { ...one, values: used.map((count) => 10_000 - count).join(' ') };
        return { ...one, values: always(one.values.split(' ')[0]!, samples) };
      });
    const at = `${(windows + 1) * windowSeconds}s`;
    check({}, [
      {
        interval: '15s',
        input_series: of(growing),
        alert_rule_test: firing(LABELS, ['ConnectionLeak warning'], ['ConnectionLeak'], at),
      },
      { interval: '15s', input_series: of(wavy), alert_rule_test: firing(LABELS, [], ['ConnectionLeak'], at) },
    ]);
  });

  it('tell of an agent that is gone, is stuck, or sees nothing any more', () => {
    const blind = (what: string) => ({ exp_labels: { instance: 'web-1:9477', what, severity: 'warning' } });
    const build = { series: series('lastport_build_info', TARGET), values: '1 1 1 _x30' };
    const up = (values: string) => ({ series: series('up', TARGET), values });
    const ticks = (values: string) => ({ series: series('lastport_last_tick_timestamp_seconds', TARGET), values });
    const test = (name: string, input: object[], alerts: object[]) => ({
      name,
      interval: '15s',
      input_series: input,
      alert_rule_test: [{ eval_time: '7m', alertname: 'LastportBlind', exp_alerts: alerts }],
    });
    check({}, [
      test('gone', [build, up(`1 1 1 ${always(0, 30)}`)], [blind('the agent')]),
      test('stuck', [build, up('1x40'), ticks('0+15x10 150x30')], [blind('the agent')]),
      test('well', [build, up('1x40'), ticks('0+15x40')], []),
      test(
        'a collector',
        [{ series: series('lastport_collector_success', { ...TARGET, collector: 'sock-diag' }), values: '1x10 0x30' }],
        [blind('collector sock-diag')],
      ),
      test(
        'one that never worked',
        [{ series: series('lastport_collector_success', { ...TARGET, collector: 'x' }), values: '0x40' }],
        [],
      ),
    ]);
  });

  it('tell of tables that are full where that is switched on', () => {
    const thresholds = { ...DEFAULT_THRESHOLDS, conntrackRatio: 0.8, timeWaitTableRatio: 0.95 };
    const netns = { ...TARGET, netns: 'host' };
    check({ thresholds }, [
      {
        interval: '15s',
        input_series: [
          { series: series('lastport_conntrack_entries', netns), values: always(800) },
          { series: series('lastport_conntrack_entries_limit', netns), values: always(1000) },
          { series: series('lastport_tcp_sockets_time_wait', netns), values: always(949) },
          { series: series('lastport_tcp_time_wait_limit', netns), values: always(1000) },
        ],
        alert_rule_test: firing(
          { instance: 'web-1:9477', netns: 'host' },
          ['ConntrackLow warning'],
          ['ConntrackLow', 'TimeWaitTableFull'],
        ),
      },
    ]);
    assert.doesNotMatch(prometheusRules(ruleOptions()), /ConntrackLow|TimeWaitTableFull/);
  });
});
