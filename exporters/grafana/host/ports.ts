import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { OF_DESTINATION, perDestination } from '../legend.ts';
import { CRITICAL, cliff, deadlineLimits, limit, saturationLimits } from '../levels.ts';
import type { Row } from '../panel.ts';
import { asLimit, overMagnitudes, plot, stack, withLimits } from '../plot.ts';
import { DESTINATION, inSight, NETNS, series } from '../series.ts';
import { overTime } from '../targets.ts';

const of = (name: Parameters<typeof series>[0]): string => perDestination(series(name, DESTINATION));
const LIMIT = 'usable ports ({{netns}})';

/** What is used and what is left, with the cliff and the limits. */
export const portsRow = (): Row => ({
  row: new RowBuilder('Ports'),
  panels: [
    withLimits(
      plot(
        {
          title: 'Saturation',
          description: '1 − headroom / usable ports. Dashed: where LastportHeadroomLow warns, and is critical.',
          unit: PercentUnit,
        },
        [overTime(of('lastport_destination_saturation_ratio'), OF_DESTINATION)],
      ).max(1),
      saturationLimits(),
    ),
    asLimit(
      plot(
        {
          title: 'Used ports',
          description: 'Ports that each destination holds, in any state. Dashed: how many there are for each of them.',
          unit: Short,
        },
        [
          overTime(of('lastport_destination_used_ports'), OF_DESTINATION),
          overTime(`max by (netns) (${series('lastport_ephemeral_ports', NETNS, 'kind="usable"')})`, LIMIT),
        ],
      ),
      '/^usable ports/',
      CRITICAL,
    ),
    withLimits(
      plot(
        {
          title: 'Headroom',
          description: 'connect() calls that would succeed now. At 0 every new connection fails with EADDRNOTAVAIL.',
          unit: Short,
        },
        [overTime(of('lastport_destination_headroom_ports'), OF_DESTINATION)],
      ),
      limit(),
    ),
    withLimits(
      plot(
        {
          title: 'Fast headroom: ports before the cliff',
          description: 'connect() calls until each becomes 50 to 100 times slower. At 0, the cliff, it is.',
          unit: Short,
        },
        [overTime(of('lastport_destination_fast_headroom_ports'), OF_DESTINATION)],
      ),
      cliff(),
    ),
    withLimits(
      overMagnitudes(
        plot(
          {
            title: 'Time until no port is left',
            description:
              'Time until no port is left, if the demand stays. No line: not in sight. Dashed: 30 s, and the alerts’ horizon of 120 s.',
            unit: Seconds,
            noValue: 'not in sight',
          },
          [overTime(inSight(of('lastport_destination_exhaustion_seconds')), OF_DESTINATION)],
        ),
      ),
      deadlineLimits(),
    ),
    withLimits(
      overMagnitudes(
        plot(
          {
            title: 'Time until connect() is slow',
            description:
              'Time until each connect() becomes 50 to 100 times slower; 0 while it is. No line: not in sight.',
            unit: Seconds,
            noValue: 'not in sight',
          },
          [overTime(inSight(of('lastport_destination_slow_connect_seconds')), OF_DESTINATION)],
        ),
      ),
      deadlineLimits(),
    ),
    stack(
      {
        title: 'States',
        description: 'Used ports of the destinations chosen, by the state of the socket that holds them.',
        unit: Short,
      },
      [overTime(`sum by (state) (${series('lastport_destination_ports', DESTINATION)})`, '{{state}}')],
    ),
    plot(
      {
        title: 'Destinations',
        description:
          'In use; of these without series of their own, since they are below 5 % or others are worse; and the ports that those hold.',
        unit: Short,
      },
      [
        overTime(`sum by (netns) (${series('lastport_destinations', NETNS)})`, 'in use ({{netns}})'),
        overTime(`sum by (netns) (${series('lastport_destinations_omitted', NETNS)})`, 'without series ({{netns}})'),
        overTime(`sum by (netns) (${series('lastport_omitted_used_ports', NETNS)})`, 'ports of these ({{netns}})'),
      ],
    ),
  ],
});
