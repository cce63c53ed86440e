import { labelList, type Rule, type RuleOptions } from './rule.ts';

const metric = (name: string): string => `lastport_destination_${name}`;
/** Series of one scrape, whatever job they belong to. */
const HERE = 'on (job, instance, netns)';
const USABLE = `${HERE} group_left () lastport_ephemeral_ports{kind="usable"}`;
/** As a share of the usable ports. */
const share = (expr: string): string => `(${expr}) / ${USABLE}`;

const HEADROOM = metric('headroom_ports');
const USED = metric('used_ports');
const SETTLED = metric('settled_used_ports');
const FREE = `${HEADROOM} - ${metric('reusable_ports')}`;
const IN_USE = `${USED} > 0`;
/** A handful of ports used tells of nothing: another program's blocked ones are what is missing then. */
const USES_PORTS = `(${USED} >= 20 or ${share(USED)} >= 0.02 or ${metric('exhaustion_seconds')} == 0)`;
/** A level that it settles at within so much of the usable ports is the one it has. */
const LEVEL_RATIO = 0.05;

/** The daemon's conditions for a destination (agent/correlate/alert-conditions.ts), in PromQL. */
export function destinationAlerts(options: RuleOptions): Rule[] {
  const { thresholds: limits } = options;
  const { horizonSeconds } = limits;
  const predicted = `${metric('sure_exhaustion_seconds')} <= ${horizonSeconds} and ${IN_USE} and ${USES_PORTS}`;
  const atCliff = `${metric('slow_connect_seconds')} == 0`;
  const slow = `(${atCliff} or ${metric('sure_slow_connect_seconds')} <= ${horizonSeconds}) and ${IN_USE}`;
  // It has settled, and the cliff's alert tells of it already.
  const told = `(${atCliff} and ${metric('sure_exhaustion_seconds')} == +Inf and ${share(`${SETTLED} - ${USED}`)} <= ${LEVEL_RATIO})`;
  const back = share(`${FREE} + ${USED} - ${SETTLED}`);
  const recovering = `(${metric('exhaustion_seconds')} == +Inf and ${SETTLED} < ${USED} and ${back} > ${limits.headroomWarningRatio})`;
  const low = (ratio: number) => `${share(HEADROOM)} < ${ratio} and ${IN_USE} unless ${told} unless ${recovering}`;
  const runsOut = '{{ $labels.destination }} runs out of ports in {{ $value | humanizeDuration }}';
  const rules: Rule[] = [
    {
      alert: 'LastportPortsExhausted',
      severity: 'critical',
      expr: `${HEADROOM} <= 0 and ${IN_USE}`,
      summary: '{{ $labels.destination }} has no port left: every new connection fails',
    },
    { alert: 'LastportExhaustionPredicted', severity: 'warning', expr: predicted, summary: runsOut },
    {
      alert: 'LastportExhaustionPredicted',
      severity: 'critical',
      // used + blocked = usable - (headroom - reusable)
      expr: `${predicted} and ${share(FREE)} <= ${round(1 - limits.criticalUsedRatio)}`,
      summary: runsOut,
    },
    {
      alert: 'LastportSlowConnect',
      severity: 'warning',
      expr: slow,
      summary: 'New connections to {{ $labels.destination }} are slow, or will be in {{ $value | humanizeDuration }}',
    },
    ...(['warning', 'critical'] as const).map((severity) => ({
      alert: 'LastportHeadroomLow' as const,
      severity,
      expr: low(severity === 'warning' ? limits.headroomWarningRatio : limits.headroomCriticalRatio),
      summary: '{{ $labels.destination }} has {{ $value | humanizePercentage }} of its ports left',
    })),
    {
      alert: 'LastportConnectionLeak',
      severity: 'warning',
      expr: leaks(options),
      summary:
        'Connections to {{ $labels.destination }} grow without end; out of ports in {{ $value | humanizeDuration }}',
    },
  ];
  return rules.map((rule) => ({ ...rule, expr: withUnit(rule.expr, labelList(options, 'netns, local, destination')) }));
}

const LIVE = 'lastport:destination_live_ports';
const CLOSE_WAIT = 'lastport:destination_close_wait_ports';
const fewest = (record: string): string => `${record}:fewest`;
const inState = (state: string): string => `sum without (state) (${metric('ports')}{state="${state}"})`;

/** What the leak's rule looks back at: ports that are live, not in TIME_WAIT, and the fewest of them in one window. */
export function destinationRecords({ leak }: RuleOptions): { readonly record: string; readonly expr: string }[] {
  return [
    { record: LIVE, expr: `${USED} - ${inState('time_wait')} or ${USED}` },
    { record: CLOSE_WAIT, expr: inState('close_wait') },
    ...[LIVE, CLOSE_WAIT].map((record) => ({
      record: fewest(record),
      expr: `min_over_time(${record}[${leak.windowSeconds}s])`,
    })),
  ];
}

/** The fewest of each window are more than those of the one before, all the way to the end of the ports. */
function leaks({ leak }: RuleOptions): string {
  const { windowSeconds, windows, leastGrowth, leastRatio, horizonSeconds } = leak;
  const of = (record: string) => {
    const window = (index: number) => `${fewest(record)}${index === 0 ? '' : ` offset ${index * windowSeconds}s`}`;
    const growing = Array.from({ length: windows - 1 }, (_, index) => `${window(index)} > ${window(index + 1)}`);
    const growth = `(${window(0)} - ${window(windows - 1)})`;
    const enough = [`${growth} >= ${leastGrowth}`, `${growth} >= ${leastRatio} * ${window(windows - 1)}`];
    const seconds = `${HEADROOM} / (${growth} / ${(windows - 1) * windowSeconds}) <= ${horizonSeconds}`;
    return `(${[seconds, ...growing, ...enough].join(' and ')})`;
  };
  return `${of(CLOSE_WAIT)} or ${of(LIVE)}`;
}

/** With the labels of the daemon's alert, its unit where one is known; without, by a 1 that every destination has. */
function withUnit(expr: string, by: string): string {
  const one = `max by (${by}) (${USED}) ^ 0`;
  const unit = `(max by (${by}, unit) (${metric('unit')}) or on (${by}) ${one})`;
  return `min by (${by}) (${expr}) * on (${by}) group_left (unit) ${unit}`;
}

/** 1 - 0.25 is exact; 1 - 0.9 is not, and nobody wants to read it. */
const round = (ratio: number): number => Number(ratio.toFixed(6));
