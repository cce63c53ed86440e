import { labelList, type Rule, type RuleOptions } from './rule.ts';

const BIND = 'lastport_bind_pool';
const POOL = 'lastport_pool';
const USABLE = 'on (job, instance, netns) group_left () lastport_ephemeral_ports{kind="usable"}';
/** A pool of which so little is used tells of nothing. */
const FEW = 20;
const FEW_RATIO = 0.02;

/**
 * The daemon's conditions for what runs out beside the ports of a destination (agent/correlate/verdict.ts, bindPoolTrouble;
 * pools/pool-verdict.ts), in PromQL.
 */
export function poolAlerts(options: RuleOptions): Rule[] {
  const rules: Rule[] = [
    {
      alert: 'LastportBindPoolLow',
      severity: 'warning',
      expr: `min by (${labelList(options, 'netns, local')}) (${bindPool(options)})`,
      summary: 'bind() before connect() from {{ $labels.local }} runs out of ports',
    },
  ];
  if (options.hasNat) {
    rules.push({
      alert: 'LastportNatQuotaLow',
      severity: 'warning',
      expr: `max by (${labelList(options, 'pool')}) (${natQuota(options)} or ${ending('nat', options)})`,
      summary: '{{ $labels.pool }}: few of the ports that this NAT lends are left, or none soon',
    });
  }
  return rules;
}

/** Its end in sight, or little left; only while sockets are bound, or when none can be any more. */
function bindPool({ thresholds: { headroomWarningRatio, horizonSeconds } }: RuleOptions): string {
  const [headroom, used, settled] = [`${BIND}_headroom_ports`, `${BIND}_used_ports`, `${BIND}_settled_used_ports`];
  const share = (ports: string) => `(${ports}) / ${USABLE}`;
  const predicted = `${BIND}_sure_exhaustion_seconds <= ${horizonSeconds} and ${share(used)} >= ${FEW_RATIO}`;
  const back = `${share(`${headroom} + ${used} - ${settled}`)} >= ${headroomWarningRatio}`;
  const recovering = `(${BIND}_exhaustion_seconds == +Inf and ${settled} < ${used} and ${back})`;
  const low = `${share(headroom)} < ${headroomWarningRatio} unless ${recovering}`;
  return `((${predicted}) or (${low})) and ${BIND}_opens_per_second > 0 or ${headroom} <= 0`;
}

/** Nearly all lent, and not coming back by itself. */
function natQuota({ thresholds: { headroomWarningRatio } }: RuleOptions): string {
  const [low, limit, settled] = [`${POOL}_used_low{kind="nat"}`, `${POOL}_limit`, `${POOL}_settled_used`];
  const most = `(1 - ${headroomWarningRatio}) * ${limit}`;
  const recovering = `(${POOL}_exhaustion_seconds == +Inf and ${settled} < ${POOL}_used_low and ${settled} < ${most})`;
  return `(${low} > ${most} unless ${recovering})`;
}

/** Surely used up within the horizon. */
export function ending(kind: 'nat' | 'conntrack' | 'time_wait', { thresholds }: RuleOptions): string {
  const some = `${POOL}_used_low >= ${FEW} or ${POOL}_used_low >= ${FEW_RATIO} * ${POOL}_limit`;
  return `(${POOL}_sure_exhaustion_seconds{kind="${kind}"} <= ${thresholds.horizonSeconds} and (${some}))`;
}
