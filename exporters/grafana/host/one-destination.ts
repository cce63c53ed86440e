import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { CRITICAL, deadlineLimits, NEUTRAL, WARNING } from '../levels.ts';
import type { Row } from '../panel.ts';
import { asLimit, overMagnitudes, plot, stack, withLimits } from '../plot.ts';
import { DESTINATION, inSight, series } from '../series.ts';
import { overTime } from '../targets.ts';

const FROM = 'from {{local}} ({{netns}})';
const of = (name: Parameters<typeof series>[0]): string => `max by (netns, local) (${series(name, DESTINATION)})`;
const USED = of('lastport_destination_used_ports');

/** Once for each destination chosen: its ports against the limit and the cliff, its states, its deadlines. */
export const oneDestinationRow = (): Row => ({
  row: new RowBuilder('$destination').repeat('destination'),
  panels: [
    withTheLimits(
      plot(
        {
          title: 'Ports of $destination',
          description:
            'Used, against the cliff, from which on each connect() is 50 to 100 times slower, and the limit, from which on it fails. Both move with the ports that others block. Dashed in blue: where it settles, if the demand stays.',
          unit: Short,
          width: 10,
        },
        [
          overTime(USED, `used ${FROM}`),
          overTime(`${USED} + ${of('lastport_destination_fast_headroom_ports')}`, `cliff ${FROM}`),
          overTime(
            `${USED} + ${of('lastport_destination_headroom_ports')} - ${of('lastport_destination_reusable_ports')}`,
            `limit ${FROM}`,
          ),
          overTime(of('lastport_destination_settled_used_ports'), `settles ${FROM}`),
          overTime(of('lastport_destination_headroom_min_ports'), `lowest headroom of a minute ${FROM}`),
        ],
      ),
    ),
    stack(
      {
        title: 'States of $destination',
        description: 'Used ports by the state of the socket that holds them.',
        unit: Short,
        width: 7,
      },
      [overTime(`sum by (state) (${series('lastport_destination_ports', DESTINATION)})`, '{{state}}')],
    ),
    withLimits(
      overMagnitudes(
        plot(
          {
            title: 'Deadlines of $destination',
            description: 'Likely, and surely: at the demand that has held without a break, on which alerts rest.',
            unit: Seconds,
            width: 7,
            noValue: 'not in sight',
          },
          [
            overTime(inSight(of('lastport_destination_slow_connect_seconds')), `slow ${FROM}`),
            overTime(inSight(of('lastport_destination_sure_slow_connect_seconds')), `surely slow ${FROM}`),
            overTime(inSight(of('lastport_destination_exhaustion_seconds')), `full ${FROM}`),
            overTime(inSight(of('lastport_destination_sure_exhaustion_seconds')), `surely full ${FROM}`),
          ],
        ),
      ),
      deadlineLimits(),
    ),
  ],
});

const withTheLimits = (panel: ReturnType<typeof plot>) =>
  [
    ['/^cliff/', WARNING],
    ['/^limit/', CRITICAL],
    ['/^settles/', NEUTRAL],
  ].reduce((made, [legend, color]) => asLimit(made, legend!, color!), panel);
