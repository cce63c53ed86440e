import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { CountsPerSecond, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { deadlineLimits, saturationLimits } from '../levels.ts';
import type { Row } from '../panel.ts';
import { overMagnitudes, plot, withLimits } from '../plot.ts';
import { FLEET_DESTINATION, FLEET_NETNS, inSight, rate, series } from '../series.ts';
import { overTime } from '../targets.ts';

/** The worst of each moment; a host has a line only while it is among them. */
const worst = (by: string, expr: string): string => `topk(10, max by (${by}) (${expr}))`;

/** The worst hosts over time. */
export const hostsRow = (): Row => ({
  row: new RowBuilder('Hosts'),
  panels: [
    withLimits(
      plot(
        {
          title: 'Saturation of the ten worst hosts',
          description: 'Of their tightest destination. Dashed: 20 % left, 5 % left.',
          unit: PercentUnit,
        },
        [overTime(worst('instance', series('lastport_worst_saturation_ratio', FLEET_NETNS)), '{{instance}}')],
      ).max(1),
      saturationLimits(),
    ),
    withLimits(
      overMagnitudes(
        plot(
          {
            title: 'Out of ports in',
            description: 'The ten hosts that run out first, if the demand stays.',
            unit: Seconds,
            noValue: 'not in sight',
          },
          [
            overTime(
              `bottomk(10, min by (instance) (${inSight(series('lastport_worst_exhaustion_seconds', FLEET_NETNS))}))`,
              '{{instance}}',
            ),
          ],
        ),
      ),
      deadlineLimits(),
    ),
    plot(
      {
        title: 'Time without a port, per second',
        description: 'Destinations that have none, on average: 1 is one destination all the time. The ten worst hosts.',
        unit: Short,
      },
      [
        overTime(
          `topk(10, sum by (instance) (${rate('lastport_exhausted_seconds_total', FLEET_DESTINATION)}))`,
          '{{instance}}',
        ),
      ],
    ),
    plot(
      {
        title: 'Connections tried per second',
        description: 'By the ten hosts that try most, to all destinations.',
        unit: CountsPerSecond,
      },
      [
        overTime(
          `topk(10, sum by (instance) (${rate('lastport_tcp_active_opens_total', FLEET_NETNS)}))`,
          '{{instance}}',
        ),
      ],
    ),
  ],
});
