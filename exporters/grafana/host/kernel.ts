import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { CountsPerSecond, Short } from '@grafana/grafana-foundation-sdk/units';
import type { MetricName } from '../../metrics.ts';
import type { Row } from '../panel.ts';
import { plot } from '../plot.ts';
import { NETNS, rate, series } from '../series.ts';
import { overTime } from '../targets.ts';

type Line = readonly [legend: string, name: MetricName];

const perSecond = (lines: readonly Line[]) =>
  lines.map(([legend, name]) => overTime(`sum by (netns) (${rate(name, NETNS)})`, `${legend} ({{netns}})`));
const levels = (lines: readonly Line[]) =>
  lines.map(([legend, name]) => overTime(`max by (netns) (${series(name, NETNS)})`, `${legend} ({{netns}})`));

/** The kernel's own counters, of all destinations together. */
export const kernelRow = (): Row => ({
  row: new RowBuilder('Kernel'),
  panels: [
    plot(
      {
        title: 'Connections',
        description: 'Tried from here, accepted, and such that did not come about.',
        unit: CountsPerSecond,
      },
      perSecond([
        ['tried', 'lastport_tcp_active_opens_total'],
        ['accepted', 'lastport_tcp_passive_opens_total'],
        ['failed', 'lastport_tcp_attempt_fails_total'],
      ]),
    ),
    plot(
      {
        title: 'TIME_WAIT',
        description:
          'Begun, taken over by a new connection, remains of FIN_WAIT2, and not kept since tcp_max_tw_buckets was reached.',
        unit: CountsPerSecond,
      },
      perSecond([
        ['begun', 'lastport_tcp_time_waits_total'],
        ['taken over', 'lastport_tcp_time_waits_recycled_total'],
        ['remains', 'lastport_tcp_time_waits_killed_total'],
        ['not kept', 'lastport_tcp_time_wait_overflows_total'],
      ]),
    ),
    plot(
      {
        title: 'Resets and overflows',
        description: 'Connections reset, resets sent, closed with data unread or sent after it, accept queues full.',
        unit: CountsPerSecond,
      },
      perSecond([
        ['reset', 'lastport_tcp_estab_resets_total'],
        ['resets sent', 'lastport_tcp_out_rsts_total'],
        ['closed with unread data', 'lastport_tcp_aborts_on_close_total'],
        ['data after close', 'lastport_tcp_aborts_on_data_total'],
        ['accept queue full', 'lastport_tcp_listen_overflows_total'],
      ]),
    ),
    plot(
      { title: 'Sockets', description: '/proc/net/sockstat; connections out of and in to the namespace.', unit: Short },
      [
        ...levels([
          ['in use', 'lastport_tcp_sockets_in_use'],
          ['TIME_WAIT', 'lastport_tcp_sockets_time_wait'],
          ['orphaned', 'lastport_tcp_sockets_orphaned'],
          ['of the whole host', 'lastport_tcp_sockets_allocated'],
        ]),
        overTime(
          `sum by (netns, direction) (${series('lastport_sockets', NETNS)})`,
          'connections {{direction}} ({{netns}})',
        ),
      ],
    ),
    plot(
      {
        title: 'Port range',
        description: 'The range, of these reserved, usable, and blocked for every destination.',
        unit: Short,
      },
      [overTime(`max by (netns, kind) (${series('lastport_ephemeral_ports', NETNS)})`, '{{kind}} ({{netns}})')],
    ),
  ],
});
