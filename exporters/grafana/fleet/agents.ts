import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { NoUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { hostLink } from '../links.ts';
import type { Row } from '../panel.ts';
import { plot } from '../plot.ts';
import { FLEET, series } from '../series.ts';
import { table } from '../table.ts';
import { overTime } from '../targets.ts';

const BUILD = series('lastport_build_info', FLEET);
const TARGET = 'on (job, instance)';
/** A target that had it so lately is one of ours, whatever its job is called: as the rules have it. */
const OURS = `present_over_time(${BUILD}[1d])`;
const LABELS = [
  { label: 'instance', title: 'Host', link: hostLink() },
  { label: 'cluster', title: 'Cluster' },
  { label: 'job', title: 'Job' },
] as const;

export const UP = `(${series('up', FLEET)} and ${TARGET} ${OURS})`;
/** Down, or gone from the targets: for how long it has said nothing, in seconds. */
export const MISSING = `(time() - max by (cluster, job, instance) (max_over_time(${series('lastport_last_tick_timestamp_seconds', FLEET)}[1d])) unless ${TARGET} (${UP} == 1))`;
/** Which version is the newest no query can tell; which one most have, it can. */
const OUTDATED = `${BUILD} unless on (version) topk(1, count by (version) (${BUILD}))`;

/** Who watches, who should, and with what. */
export const agentsRow = (): Row => ({
  row: new RowBuilder('The agents'),
  panels: [
    table(
      {
        title: 'Missing',
        description: 'Agents that were there within a day and are not now: down, or no target any more.',
        unit: NoUnit,
        noValue: 'no agent is missing',
        width: 12,
      },
      { sortBy: 'Silent for', labels: LABELS, columns: [{ title: 'Silent for', unit: Seconds, expr: MISSING }] },
    ),
    table(
      {
        title: 'Of another version than most',
        description: 'Outdated, or ahead of the others.',
        unit: NoUnit,
        noValue: 'all have the same version',
        width: 12,
      },
      {
        sortBy: 'Version',
        isAscending: true,
        labels: [...LABELS, { label: 'version', title: 'Version' }],
        columns: [
          {
            title: 'Is there',
            unit: NoUnit,
            isHidden: true,
            expr: `max by (cluster, job, instance, version) (${OUTDATED})`,
          },
        ],
      },
    ),
    plot({ title: 'Agents that Prometheus reaches', description: 'And those that it does not.', unit: Short }, [
      overTime(`count(${UP} == 1)`, 'up'),
      overTime(`count(${UP} == 0)`, 'down'),
    ]),
    plot({ title: 'Versions', description: 'Agents of each version.', unit: Short }, [
      overTime(`count by (version) (${BUILD})`, '{{version}}'),
    ]),
    plot(
      {
        title: 'Age of the last look',
        description: 'The ten oldest; a look that is older than a minute is none.',
        unit: Seconds,
      },
      [overTime(`topk(10, time() - ${series('lastport_last_tick_timestamp_seconds', FLEET)})`, '{{instance}}')],
    ),
    plot(
      {
        title: 'Hosts that cannot see all',
        description: 'Gaps of the ten that have most: lastport doctor tells why.',
        unit: Short,
      },
      [overTime(`topk(10, sum by (instance) (${series('lastport_gaps', FLEET)}))`, '{{instance}}')],
    ),
  ],
});
