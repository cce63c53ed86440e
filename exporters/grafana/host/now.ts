import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { LocaleFormat, NoUnit, PercentUnit, Seconds } from '@grafana/grafana-foundation-sdk/units';
import { perDestination } from '../legend.ts';
import {
  ageLevels,
  deadlineLevels,
  fastLevels,
  headroomLevels,
  noneLevels,
  noTimeLevels,
  saturationLevels,
  WARNING,
} from '../levels.ts';
import type { Row } from '../panel.ts';
import { DESTINATION, grown, HOST, inSight, NETNS, series } from '../series.ts';
import { stat } from '../stat.ts';
import { table } from '../table.ts';

const NOT_IN_SIGHT = 'not in sight';
const EXHAUSTED = series('lastport_exhausted_seconds_total', DESTINATION);

/** How it is at the end of the time shown: numbers first, then the destinations, the worst on top. */
export const nowRow = (): Row => ({
  row: new RowBuilder('Now'),
  panels: [
    stat(
      {
        title: 'Tightest destination',
        description:
          'Share of the usable ports that its next connect() cannot get. Of all destinations in use, also those without series of their own.',
        unit: PercentUnit,
        noValue: 'no agent',
      },
      saturationLevels(),
      `max(${series('lastport_worst_saturation_ratio', NETNS)})`,
    ),
    stat(
      {
        title: 'Out of ports in',
        description: 'The least time until a destination has no port left, if its demand stays.',
        unit: Seconds,
        noValue: NOT_IN_SIGHT,
      },
      deadlineLevels(),
      `min(${inSight(series('lastport_worst_exhaustion_seconds', NETNS))})`,
    ),
    stat(
      {
        title: 'Slow connect() in',
        description: 'The least time until each connect() to a destination becomes 50 to 100 times slower; 0 if it is.',
        unit: Seconds,
        noValue: NOT_IN_SIGHT,
      },
      deadlineLevels(),
      `min(${inSight(series('lastport_destination_slow_connect_seconds', DESTINATION))})`,
    ),
    stat(
      {
        title: 'Without a port',
        description: 'Time in the period shown in which a destination had no port left, summed over destinations.',
        unit: Seconds,
        noValue: '0 s',
      },
      noTimeLevels(),
      `sum(${grown(EXHAUSTED, '$__range')})`,
    ),
    stat(
      { title: 'Alerts firing', description: 'Alerts of the agent itself.', unit: NoUnit, noValue: '0' },
      noneLevels(WARNING),
      `sum(${series('lastport_alerts', HOST)})`,
    ),
    stat(
      { title: 'Last look', description: 'How long ago the agent looked.', unit: Seconds, noValue: 'no agent' },
      ageLevels(),
      `time() - max(${series('lastport_last_tick_timestamp_seconds', HOST)})`,
    ),
    worstDestinations(),
  ],
});

const worstDestinations = () =>
  table(
    {
      title: 'Worst destinations',
      description:
        'Destinations above 5 % used, not healthy, or asked for. What runs out, runs out per destination and local address.',
      unit: NoUnit,
      noValue: 'every destination is fine: none is above 5 %',
    },
    {
      sortBy: 'Saturation',
      labels: [
        { label: 'destination', title: 'Destination' },
        { label: 'remote_name', title: 'Name' },
        { label: 'local', title: 'From' },
        { label: 'netns', title: 'Namespace' },
        { label: 'unit', title: 'Unit' },
      ],
      columns: [
        {
          title: 'Saturation',
          unit: PercentUnit,
          levels: saturationLevels(),
          expr: of('lastport_destination_saturation_ratio'),
        },
        { title: 'Used', unit: LocaleFormat, expr: of('lastport_destination_used_ports') },
        {
          title: 'Free',
          unit: LocaleFormat,
          levels: headroomLevels(),
          expr: of('lastport_destination_headroom_ports'),
        },
        {
          title: 'Fast',
          unit: LocaleFormat,
          levels: fastLevels(),
          expr: of('lastport_destination_fast_headroom_ports'),
        },
        { title: 'New/s', unit: LocaleFormat, expr: of('lastport_destination_opens_per_second') },
        {
          title: 'Slow in',
          unit: Seconds,
          levels: deadlineLevels(),
          expr: inSight(of('lastport_destination_slow_connect_seconds')),
        },
        {
          title: 'Full in',
          unit: Seconds,
          levels: deadlineLevels(),
          expr: inSight(of('lastport_destination_exhaustion_seconds')),
        },
        {
          title: 'Without a port',
          unit: Seconds,
          levels: noTimeLevels(),
          expr: perDestination(grown(EXHAUSTED, '$__range')),
        },
        {
          title: 'Has unit',
          unit: NoUnit,
          isHidden: true,
          expr: `max by (netns, local, destination, unit) (${series('lastport_destination_unit', DESTINATION)})`,
        },
        {
          title: 'Has name',
          unit: NoUnit,
          isHidden: true,
          expr: `max by (netns, local, destination, remote_name) (${series('lastport_destination_used_ports', DESTINATION, 'remote_name!=""')})`,
        },
      ],
    },
  );

const of = (name: Parameters<typeof series>[0]): string => perDestination(series(name, DESTINATION));
