import { stringify } from 'yaml';
import { destinationAlerts, destinationRecords } from './destination-alerts.ts';
import { hostAlerts } from './host-alerts.ts';
import { poolAlerts } from './pool-alerts.ts';
import type { Rule, RuleOptions } from './rule.ts';

export type { RuleOptions } from './rule.ts';

/** What the daemon takes to resolve its alerts, so that one late scrape ends none. */
const KEEP_FIRING_FOR = '30s';

/** A rule file as Prometheus has it. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly object[] }[];
}

/**
 * Alerting and recording rules for Prometheus: under the names, with the thresholds and the labels of the daemon's own
 * alerts, so that Alertmanager takes one for the other.
 */
export function ruleFile(options: RuleOptions): RuleFile {
  const alerts = [destinationAlerts, poolAlerts, hostAlerts]
    .flatMap((of) => of(options))
    .map((rule) => ruleYaml(rule, options));
  return {
    groups: [
      { name: 'lastport-records', rules: [...RECORDS, ...destinationRecords(options)] },
      { name: 'lastport-alerts', rules: alerts },
    ],
  };
}

/** As YAML. The grouping and the inhibition that go with them are a comment for alertmanager.yml. */
export function prometheusRules(options: RuleOptions): string {
  return `${HEADER}${SHARED}${stringify(ruleFile(options), { lineWidth: 0 })}`;
}

/** The same in an object that the Prometheus operator reads from Kubernetes (monitoring.coreos.com/v1). */
export function prometheusRuleObject(options: RuleOptions): string {
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'lastport', labels: { 'app.kubernetes.io/name': 'lastport' } },
    spec: ruleFile(options),
  };
  return `${OBJECT_HEADER}${SHARED}${stringify(object, { lineWidth: 0 })}`;
}

const HEADER = `# Made by: lastport rules. Load it with rule_files in prometheus.yml; for Prometheus 2.42 or newer (keep_firing_for).
`;
const OBJECT_HEADER = `# Made by: lastport rules --format prometheusrule. Pipe it to: kubectl apply --namespace monitoring --filename -
# It needs the labels that the ruleSelector of your Prometheus object asks for, if it asks for any.
`;
const SHARED = `# An alert of lastport run and one of these rules are the same to Alertmanager where their labels are: give the daemon
# --alert-instance as this Prometheus names its target, and as --alert-label the external_labels of this Prometheus.
# In alertmanager.yml, so that one bad database is one page, and a critical alert silences its own warning:
#   route:
#     group_by: [alertname, cluster, destination]
#   inhibit_rules:
#     - source_matchers: [severity="critical", alertname=~"Lastport.+"]
#       target_matchers: [severity="warning", alertname=~"Lastport.+"]
#       equal: [alertname, instance, netns, local, destination]
`;

/** Of each host, and of each destination over all hosts of a cluster: whose remote end is asked for too much. */
const RECORDS = [
  { record: 'instance:lastport_saturation:max', expr: 'max by (instance) (lastport_worst_saturation_ratio)' },
  {
    record: 'instance:lastport_exhaustion_seconds:min',
    expr: 'min by (instance) (lastport_worst_exhaustion_seconds)',
  },
  {
    record: 'cluster_destination:lastport_saturation:max',
    expr: 'max by (cluster, destination) (lastport_destination_saturation_ratio)',
  },
  {
    record: 'cluster_destination:lastport_headroom_ports:min',
    expr: 'min by (cluster, destination) (lastport_destination_headroom_ports)',
  },
  {
    record: 'cluster_destination:lastport_exhaustion_seconds:min',
    expr: 'min by (cluster, destination) (lastport_destination_exhaustion_seconds)',
  },
  {
    record: 'cluster_destination:lastport_opens_per_second:sum',
    expr: 'sum by (cluster, destination) (lastport_destination_opens_per_second)',
  },
];

function ruleYaml(
  { alert, severity, expr, summary, forText }: Rule,
  { runbookBase, dashboardUrl }: RuleOptions,
): object {
  const annotations = {
    summary,
    runbook_url: `${runbookBase}#${alert.toLowerCase()}`,
    ...(dashboardUrl === null ? {} : { dashboard_url: dashboardUrl }),
  };
  const pending = forText === undefined ? {} : { for: forText };
  return { alert, expr, ...pending, keep_firing_for: KEEP_FIRING_FOR, labels: { severity }, annotations };
}
