import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { CountsPerSecond, NoUnit, RequestsPerSecond, Short } from '@grafana/grafana-foundation-sdk/units';
import { OF_DESTINATION, perDestination } from '../legend.ts';
import { hardlyReused } from '../levels.ts';
import type { Row } from '../panel.ts';
import { plot, stack, withLimits } from '../plot.ts';
import { DESTINATION, HOST, NETNS, rate, series } from '../series.ts';
import { overTime } from '../targets.ts';
import { causes } from './causes.ts';

const BY = 'by (netns, local, destination';

/** What comes and goes, why, and whose it is. */
export const trafficRow = (): Row => ({
  row: new RowBuilder('Traffic, causes and owners'),
  panels: [
    plot(
      {
        title: 'Connections opened per second',
        description: 'No line where the table does not tell: the other side closes first, and there is no --trace.',
        unit: CountsPerSecond,
        noValue: 'not known',
      },
      [overTime(perDestination(series('lastport_destination_opens_per_second', DESTINATION)), OF_DESTINATION)],
    ),
    plot(
      {
        title: 'Connections closed per second, by the side that closed first',
        description: 'local leaves a TIME_WAIT here, which holds its port for 60 s.',
        unit: CountsPerSecond,
      },
      [
        overTime(
          `sum ${BY}, closer) (${rate('lastport_destination_closes_total', DESTINATION)})`,
          `{{closer}}: ${OF_DESTINATION}`,
        ),
      ],
    ),
    causes(),
    stack(
      {
        title: 'Owners',
        description: 'Ports of the destinations that have series, by the unit and command that holds or held them.',
        unit: Short,
        noValue: 'not known',
      },
      [overTime(`sum by (unit, command) (${series('lastport_owner_used_ports', NETNS)})`, '{{command}} ({{unit}})')],
    ),
    withLimits(
      plot(
        {
          title: 'Requests per connection',
          description:
            'Of the last minute, by the probes of the programs. Near 1, dashed at 2: each request opens a connection.',
          unit: NoUnit,
          noValue: 'no probe tells',
        },
        [overTime(perDestination(series('lastport_destination_requests_per_connection', DESTINATION)), OF_DESTINATION)],
      ),
      hardlyReused(),
    ),
    stack(
      {
        title: 'Connections closed per second, by reason',
        description: 'By the probes of the programs: docs/probe.md lists the reasons.',
        unit: CountsPerSecond,
        noValue: 'no probe tells',
      },
      [
        overTime(
          `sum by (reason) (${rate('lastport_destination_connection_closes_total', DESTINATION)})`,
          '{{reason}}',
        ),
      ],
    ),
    plot(
      {
        title: 'Requests per second',
        description: 'By the probes of the programs.',
        unit: RequestsPerSecond,
        noValue: 'no probe tells',
      },
      [overTime(`sum ${BY}) (${rate('lastport_destination_requests_total', DESTINATION)})`, OF_DESTINATION)],
    ),
    plot(
      {
        title: 'Calls refused per second',
        description: 'connect() and bind() calls that found no port, by the kernel’s trace; only with --trace.',
        unit: CountsPerSecond,
        noValue: 'none, or no --trace',
      },
      [
        overTime(
          `sum ${BY}, code) (${rate('lastport_connect_errors_total', DESTINATION)})`,
          `{{code}}: ${OF_DESTINATION}`,
        ),
        overTime(
          `sum by (netns, code) (${rate('lastport_namespace_connect_errors_total', HOST)})`,
          '{{code}}: all of {{netns}}',
        ),
      ],
    ),
  ],
});
