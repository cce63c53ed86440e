import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { LocaleFormat, NoUnit, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { deadlineLevels, noTimeLevels, saturationLevels } from '../levels.ts';
import { hostLink } from '../links.ts';
import type { Row } from '../panel.ts';
import { plot, stack } from '../plot.ts';
import { FLEET_DESTINATION, FLEET_NETNS, grown, inSight, series } from '../series.ts';
import { table } from '../table.ts';
import { overTime } from '../targets.ts';

const WHERE = 'cluster, job, instance, netns, local, destination';
const USED = series('lastport_destination_used_ports', FLEET_DESTINATION);
const UNIT = series('lastport_destination_unit', FLEET_DESTINATION);
/** With the label `unit`, where a unit is known. */
const WITH_UNIT = `max by (${WHERE}) (${USED}) * on (${WHERE}) group_left (unit) max by (${WHERE}, unit) (${UNIT}) or max by (${WHERE}) (${USED})`;
const SATURATION = `topk(20, max by (${WHERE}) (${series('lastport_destination_saturation_ratio', FLEET_DESTINATION)}))`;
const ofWorst = (expr: string): string => `${expr} and on (${WHERE}) ${SATURATION}`;
const BY_DESTINATION = 'by (cluster, destination)';
const EXHAUSTED = grown(series('lastport_exhausted_seconds_total', FLEET_DESTINATION), '1d');

/** What runs out, and by whom: on which hosts, and over all of them. */
export const destinationsRow = (): Row => ({
  row: new RowBuilder('Destinations and owners'),
  panels: [
    table(
      {
        title: 'Tightest destinations',
        description: 'The twenty tightest of all hosts, with the unit that holds most. A click on the host shows it.',
        unit: NoUnit,
        noValue: 'every destination is fine: none is above 5 %',
      },
      {
        sortBy: 'Saturation',
        labels: [
          { label: 'instance', title: 'Host', link: hostLink('netns', 'destination') },
          { label: 'destination', title: 'Destination' },
          { label: 'unit', title: 'Unit' },
          { label: 'local', title: 'From' },
          { label: 'netns', title: 'Namespace' },
          { label: 'cluster', title: 'Cluster' },
          { label: 'job', title: 'Job' },
        ],
        columns: [
          { title: 'Saturation', unit: PercentUnit, levels: saturationLevels(), expr: SATURATION },
          { title: 'Used', unit: LocaleFormat, expr: ofWorst(`(${WITH_UNIT})`) },
          {
            title: 'Full in',
            unit: Seconds,
            levels: deadlineLevels(),
            expr: ofWorst(
              inSight(`max by (${WHERE}) (${series('lastport_destination_exhaustion_seconds', FLEET_DESTINATION)})`),
            ),
          },
          {
            title: 'Without a port, 24 h',
            unit: Seconds,
            levels: noTimeLevels(),
            expr: ofWorst(`max by (${WHERE}) (${EXHAUSTED})`),
          },
        ],
      },
    ),
    table(
      {
        title: 'Destinations over all hosts',
        description: 'Whose remote end is asked for too much: the ten that hold most ports.',
        unit: NoUnit,
        noValue: 'every destination is fine: none is above 5 %',
        width: 12,
      },
      {
        sortBy: 'Used',
        labels: [
          { label: 'destination', title: 'Destination' },
          { label: 'cluster', title: 'Cluster' },
        ],
        columns: [
          { title: 'Used', unit: LocaleFormat, expr: ofMost(`sum ${BY_DESTINATION} (${USED})`) },
          {
            title: 'Hosts',
            unit: LocaleFormat,
            expr: ofMost(`count ${BY_DESTINATION} (count by (cluster, instance, destination) (${USED}))`),
          },
          {
            title: 'Tightest',
            unit: PercentUnit,
            levels: saturationLevels(),
            expr: ofMost(
              `max ${BY_DESTINATION} (${series('lastport_destination_saturation_ratio', FLEET_DESTINATION)})`,
            ),
          },
          {
            title: 'Without a port, 24 h',
            unit: Seconds,
            levels: noTimeLevels(),
            expr: ofMost(`sum ${BY_DESTINATION} (${EXHAUSTED})`),
          },
        ],
      },
    ),
    table(
      {
        title: 'Owners',
        description: 'Units and commands that hold most ports, of the destinations that have series.',
        unit: NoUnit,
        noValue: 'not known',
        width: 12,
      },
      {
        sortBy: 'Used',
        labels: [
          { label: 'unit', title: 'Unit' },
          { label: 'command', title: 'Command' },
        ],
        columns: [
          { title: 'Used', unit: LocaleFormat, expr: ofOwners('sum') },
          { title: 'Hosts', unit: LocaleFormat, expr: ofOwners('count') },
        ],
      },
    ),
    stack(
      {
        title: 'Used ports by unit',
        description: 'Of destinations that have series, by the unit that holds most of each; the ten biggest.',
        unit: Short,
      },
      [overTime(`topk(10, sum by (unit) (${WITH_UNIT}))`, '{{unit}}')],
    ),
    plot(
      {
        title: 'Causes',
        description: 'Destinations of all hosts whose ports go for this reason.',
        unit: Short,
        noValue: 'none: nothing wastes ports',
      },
      [overTime(`sum by (cause) (${series('lastport_destination_cause', FLEET_DESTINATION)})`, '{{cause}}')],
    ),
  ],
});

function ofMost(expr: string): string {
  return `${expr} and on (cluster, destination) topk(10, sum ${BY_DESTINATION} (${USED}))`;
}

function ofOwners(how: 'sum' | 'count'): string {
  const owners = series('lastport_owner_used_ports', FLEET_NETNS);
  const all = how === 'sum' ? owners : `count by (instance, unit, command) (${owners})`;
  return `${how} by (unit, command) (${all}) and on (unit, command) topk(10, sum by (unit, command) (${owners}))`;
}
