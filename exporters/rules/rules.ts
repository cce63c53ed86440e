import { stringify } from 'yaml';
import type { AlertName, Severity } from '../../agent/model/alert.ts';

/** From where on the rules fire, as the daemon's own alerts do. */
export interface RuleThresholds {
  readonly headroomWarningRatio: number;
  readonly headroomCriticalRatio: number;
  readonly criticalUsedRatio: number;
  readonly horizonSeconds: number;
  readonly conntrackRatio: number | null;
  readonly timeWaitTableRatio: number | null;
}

export interface RuleOptions {
  readonly thresholds: RuleThresholds;
  /** Whether a NAT's quotas are configured. */
  readonly hasNat?: boolean;
  readonly runbookBase: string;
  readonly dashboardUrl: string | null;
}

interface Rule {
  readonly alert: AlertName;
  readonly severity: Severity;
  readonly expr: string;
  readonly summary: string;
}

const BY = 'instance, netns, local, destination';
/** What the daemon takes to resolve its alerts, so that one late scrape ends none. */
const KEEP_FIRING_FOR = '30s';

/**
 * Alerting and recording rules for Prometheus, as YAML: under the names, with the thresholds and the labels of the
 * daemon's own alerts, so that Alertmanager takes one for the other. The grouping and the inhibition that go with them
 * are a comment for alertmanager.yml.
 */
export function prometheusRules(options: RuleOptions): string {
  const groups = [
    {
      name: 'lastport-records',
      rules: [
        {
          record: 'instance:lastport_saturation:max',
          expr: 'max by (instance) (lastport_worst_saturation_ratio)',
        },
        {
          record: 'instance:lastport_exhaustion_seconds:min',
          expr: 'min by (instance) (lastport_worst_exhaustion_seconds)',
        },
      ],
    },
    { name: 'lastport-alerts', rules: rulesOf(options).map((rule) => ruleYaml(rule, options)) },
  ];
  return `${HEADER}${stringify({ groups }, { lineWidth: 0 })}`;
}

const HEADER = `# Made by: lastport rules. Load it with rule_files in prometheus.yml.
# In alertmanager.yml, so that one bad database is one page, and a critical alert silences its own warning:
#   route:
#     group_by: [alertname, cluster, destination]
#   inhibit_rules:
#     - source_matchers: [severity="critical", alertname=~"Lastport.+"]
#       target_matchers: [severity="warning", alertname=~"Lastport.+"]
#       equal: [alertname, instance, netns, local, destination]
`;

function rulesOf({ thresholds: limits, hasNat = false }: RuleOptions): Rule[] {
  const { horizonSeconds } = limits;
  const sure = `lastport_destination_sure_exhaustion_seconds <= ${horizonSeconds}`;
  const usable = 'on (instance, netns) group_left () lastport_ephemeral_ports{kind="usable"}';
  const left = `lastport_destination_headroom_ports / ${usable}`;
  // Where it settles, it does not fall any more; the cliff's alert has told of it.
  const level = `(lastport_destination_slow_connect_seconds == 0 and lastport_destination_sure_exhaustion_seconds == +Inf)`;
  const recovering = `(lastport_destination_exhaustion_seconds == +Inf and lastport_destination_opens_per_second < 1)`;
  const low = (ratio: number) => `${left} < ${ratio} unless ${level} unless ${recovering}`;
  const rules: Rule[] = [
    {
      alert: 'LastportPortsExhausted',
      severity: 'critical',
      expr: destinationExpr('lastport_destination_headroom_ports <= 0 and lastport_destination_used_ports > 0'),
      summary: '{{ $labels.destination }} has no port left: every new connection fails',
    },
    {
      alert: 'LastportExhaustionPredicted',
      severity: 'warning',
      expr: destinationExpr(sure),
      summary: '{{ $labels.destination }} runs out of ports in {{ $value | humanizeDuration }}',
    },
    {
      alert: 'LastportExhaustionPredicted',
      severity: 'critical',
      expr: destinationExpr(`${sure} and lastport_destination_saturation_ratio >= ${limits.criticalUsedRatio}`),
      summary: '{{ $labels.destination }} runs out of ports in {{ $value | humanizeDuration }}',
    },
    {
      alert: 'LastportSlowConnect',
      severity: 'warning',
      expr: destinationExpr(`lastport_destination_sure_slow_connect_seconds <= ${horizonSeconds}`),
      summary: 'New connections to {{ $labels.destination }} get slow in {{ $value | humanizeDuration }}',
    },
    ...(['warning', 'critical'] as const).map((severity) => ({
      alert: 'LastportHeadroomLow' as const,
      severity,
      expr: destinationExpr(low(severity === 'warning' ? limits.headroomWarningRatio : limits.headroomCriticalRatio)),
      summary: '{{ $labels.destination }} has {{ $value | humanizePercentage }} of its ports left',
    })),
  ];
  rules.push({
    alert: 'LastportBindPoolLow',
    severity: 'warning',
    expr: `min by (instance, netns, local) (${poolExpr(limits)})`,
    summary: 'bind() before connect() from {{ $labels.local }} runs out of ports',
  });
  const netns = (expr: string) => `max by (instance, netns) (${expr})`;
  // What is on for its level is on for its end, too.
  const some = 'lastport_pool_used_low >= 20 or lastport_pool_used_low >= 0.02 * lastport_pool_limit';
  const ending = (kind: string) =>
    `(lastport_pool_sure_exhaustion_seconds{kind="${kind}"} <= ${horizonSeconds} and (${some}))`;
  if (hasNat) {
    const full = `lastport_pool_used_low{kind="nat"} > (1 - ${limits.headroomWarningRatio}) * lastport_pool_limit`;
    rules.push({
      alert: 'LastportNatQuotaLow',
      severity: 'warning',
      expr: `max by (instance, pool) (${full} or ${ending('nat')})`,
      summary: '{{ $labels.pool }}: few of the ports that this NAT lends are left, or none soon',
    });
  }
  if (limits.conntrackRatio !== null) {
    rules.push({
      alert: 'LastportConntrackLow',
      severity: 'warning',
      expr: netns(
        `lastport_conntrack_entries / lastport_conntrack_entries_limit >= ${limits.conntrackRatio} or ${ending('conntrack')}`,
      ),
      summary: 'The connection tracking table of {{ $labels.netns }} is full, or soon will be',
    });
  }
  if (limits.timeWaitTableRatio !== null) {
    rules.push({
      alert: 'LastportTimeWaitTableFull',
      severity: 'warning',
      expr: netns(
        `lastport_tcp_sockets_time_wait / lastport_tcp_time_wait_limit >= ${limits.timeWaitTableRatio} or ${ending('time_wait')}`,
      ),
      summary: 'The TIME_WAIT table of {{ $labels.netns }} is full, or soon will be',
    });
  }
  return rules;
}

/** Its end in sight, or little left; only while sockets are bound, or when none can be any more. */
function poolExpr({ headroomWarningRatio, horizonSeconds }: RuleThresholds): string {
  const headroom = 'lastport_bind_pool_headroom_ports';
  const usable = 'on (instance, netns) group_left () lastport_ephemeral_ports{kind="usable"}';
  const binding = 'lastport_bind_pool_opens_per_second > 0';
  const predicted = `lastport_bind_pool_sure_exhaustion_seconds <= ${horizonSeconds}`;
  const low = `${headroom} / ${usable} < ${headroomWarningRatio}`;
  return `(${predicted} and ${binding}) or (${low} and ${binding}) or (${headroom} <= 0)`;
}

/** With the labels of the daemon's alert, its unit where one is known. */
function destinationExpr(expr: string): string {
  const bare = `min by (${BY}) (${expr})`;
  const unit = `max by (${BY}, unit) (lastport_destination_unit)`;
  return `(${bare}) * on (${BY}) group_left (unit) ${unit} or (${bare}) unless on (${BY}) ${unit}`;
}

function ruleYaml({ alert, severity, expr, summary }: Rule, { runbookBase, dashboardUrl }: RuleOptions): object {
  const annotations = {
    summary,
    runbook_url: `${runbookBase}#${alert.toLowerCase()}`,
    ...(dashboardUrl === null ? {} : { dashboard_url: dashboardUrl }),
  };
  return { alert, expr, keep_firing_for: KEEP_FIRING_FOR, labels: { severity }, annotations };
}
