import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { NoUnit, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { deadlineLevels, neutral, noneLevels, noTimeLevels, saturationLevels, WARNING } from '../levels.ts';
import { hostLink } from '../links.ts';
import type { Row } from '../panel.ts';
import { FLEET, FLEET_DESTINATION, FLEET_NETNS, grown, inSight, series } from '../series.ts';
import { stat } from '../stat.ts';
import { table } from '../table.ts';
import { MISSING, UP } from './agents.ts';

/** The alerts' own beginning: less than 20 % left. */
const TIGHT = 0.8;
const BY_HOST = 'by (cluster, job, instance)';
const SATURATION = `max ${BY_HOST} (${series('lastport_worst_saturation_ratio', FLEET_NETNS)})`;
const EXHAUSTED = grown(series('lastport_exhausted_seconds_total', FLEET_DESTINATION), '1d');
const SLOW = grown(series('lastport_slow_connect_seconds_total', FLEET_DESTINATION), '1d');

/** The fleet at the end of the time shown, and its hosts, the worst on top. */
export const nowRow = (): Row => ({
  row: new RowBuilder('Now'),
  panels: [
    stat(
      { title: 'Agents', description: 'That Prometheus reaches.', unit: NoUnit, noValue: '0' },
      neutral(),
      `count(${UP} == 1)`,
    ),
    stat(
      { title: 'Agents missing', description: 'There within a day, and not now.', unit: NoUnit, noValue: '0' },
      noneLevels(WARNING),
      `count(${MISSING})`,
    ),
    stat(
      {
        title: 'Tight hosts',
        description: 'With a destination that has less than 20 % of its ports left.',
        unit: NoUnit,
        noValue: '0',
      },
      noneLevels(WARNING),
      `count(${SATURATION} > ${TIGHT})`,
    ),
    stat(
      {
        title: 'Next to run out, in',
        description: 'The least time until a destination of any host has no port left, if its demand stays.',
        unit: Seconds,
        noValue: 'not in sight',
      },
      deadlineLevels(),
      `min(${inSight(series('lastport_worst_exhaustion_seconds', FLEET_NETNS))})`,
    ),
    stat(
      {
        title: 'Without a port, last 24 h',
        description: 'Summed over all destinations of all hosts.',
        unit: Seconds,
        noValue: '0 s',
      },
      noTimeLevels(),
      `sum(${EXHAUSTED})`,
    ),
    stat(
      { title: 'Alerts firing', description: 'Of the agents themselves.', unit: NoUnit, noValue: '0' },
      noneLevels(WARNING),
      `sum(${series('lastport_alerts', FLEET)})`,
    ),
    table(
      {
        title: 'Worst hosts',
        description: 'The twenty whose tightest destination is the tightest. A click on one shows it.',
        unit: NoUnit,
        noValue: 'no agent is there',
      },
      {
        sortBy: 'Saturation',
        labels: [
          { label: 'instance', title: 'Host', link: hostLink() },
          { label: 'cluster', title: 'Cluster' },
          { label: 'job', title: 'Job' },
        ],
        columns: [
          { title: 'Saturation', unit: PercentUnit, levels: saturationLevels(), expr: `topk(20, ${SATURATION})` },
          {
            title: 'Full in',
            unit: Seconds,
            levels: deadlineLevels(),
            expr: ofWorst(inSight(`min ${BY_HOST} (${series('lastport_worst_exhaustion_seconds', FLEET_NETNS)})`)),
          },
          {
            title: 'Without a port, 24 h',
            unit: Seconds,
            levels: noTimeLevels(),
            expr: ofWorst(`sum ${BY_HOST} (${EXHAUSTED})`),
          },
          {
            title: 'Slow, 24 h',
            unit: Seconds,
            levels: noTimeLevels(WARNING),
            expr: ofWorst(`sum ${BY_HOST} (${SLOW})`),
          },
          {
            title: 'Destinations',
            unit: Short,
            expr: ofWorst(`sum ${BY_HOST} (${series('lastport_destinations', FLEET_NETNS)})`),
          },
          {
            title: 'Alerts',
            unit: NoUnit,
            levels: noneLevels(WARNING),
            expr: ofWorst(`sum ${BY_HOST} (${series('lastport_alerts', FLEET)})`),
          },
        ],
      },
    ),
  ],
});

/** Only for the rows that there are. */
function ofWorst(expr: string): string {
  return `${expr} and ${BY_HOST.replace('by', 'on')} topk(20, ${SATURATION})`;
}
