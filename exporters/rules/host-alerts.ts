import { ending } from './pool-alerts.ts';
import { labelList, type Rule, type RuleOptions } from './rule.ts';

/** A target that had it so lately is one of ours, whatever its job is called. */
const OURS = 'present_over_time(lastport_build_info[1d])';
/** A collector that worked so lately has stopped; one that never did is a matter for `lastport doctor`. */
const WORKED = 'max_over_time(lastport_collector_success[1h]) == 1';
const LAST_TICK = 'lastport_last_tick_timestamp_seconds';

/** The alerts of a host and of its tables, and of an agent that is gone, which no agent can tell of. */
export function hostAlerts(options: RuleOptions): Rule[] {
  const { conntrackRatio, timeWaitTableRatio } = options.thresholds;
  const netns = (expr: string) => `max by (${labelList(options, 'netns')}) (${expr})`;
  const gone = `up == 0 and on (job, instance) ${OURS}`;
  const span = `${LAST_TICK}[${options.stuckSeconds}s]`;
  const stuck = `changes(${span}) == 0 and count_over_time(${span}) > 1`;
  const blind = [
    `label_replace(lastport_collector_success == 0 and ${WORKED}, "what", "collector $1", "collector", "(.*)")`,
    `label_replace(${gone} or ${stuck}, "what", "the agent", "", "")`,
  ].join(' or ');
  const rules: Rule[] = [
    {
      alert: 'LastportBlind',
      severity: 'warning',
      expr: `max by (${labelList(options, 'what')}) (${blind})`,
      // As long as an agent takes to start again, and a scrape to find it.
      forText: '1m',
      summary: 'Lastport on {{ $labels.instance }} cannot see any more: {{ $labels.what }}',
    },
  ];
  if (conntrackRatio !== null) {
    rules.push({
      alert: 'LastportConntrackLow',
      severity: 'warning',
      expr: netns(
        `lastport_conntrack_entries / (lastport_conntrack_entries_limit > 0) >= ${conntrackRatio} or ${ending('conntrack', options)}`,
      ),
      summary: 'The connection tracking table of {{ $labels.netns }} is full, or soon will be',
    });
  }
  if (timeWaitTableRatio !== null) {
    rules.push({
      alert: 'LastportTimeWaitTableFull',
      severity: 'warning',
      expr: netns(
        `lastport_tcp_sockets_time_wait / (lastport_tcp_time_wait_limit > 0) >= ${timeWaitTableRatio} or ${ending('time_wait', options)}`,
      ),
      summary: 'The TIME_WAIT table of {{ $labels.netns }} is full, or soon will be',
    });
  }
  return rules;
}
