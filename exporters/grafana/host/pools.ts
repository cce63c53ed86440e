import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { CountsPerSecond, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { CRITICAL, deadlineLimits, limit, saturationLimits } from '../levels.ts';
import type { Row } from '../panel.ts';
import { asLimit, overMagnitudes, plot, withLimits } from '../plot.ts';
import { HOST, inSight, NETNS, series } from '../series.ts';
import { overTime } from '../targets.ts';

const BIND = '{{local}} ({{netns}})';
const bind = (name: Parameters<typeof series>[0]) => `max by (netns, local) (${series(name, NETNS)})`;
/** A quota has no namespace. */
const pool = (name: Parameters<typeof series>[0]) => `max by (kind, pool, netns) (${series(name, HOST)})`;
const POOL = '{{kind}} {{pool}} {{netns}}';
const NO_BIND = 'nobody binds before connecting';

/** What runs out beside the ports of a destination. */
export const poolsRow = (): Row => ({
  row: new RowBuilder('Bind pools, NAT, connection tracking, TIME_WAIT table'),
  panels: [
    withLimits(
      asLimit(
        plot(
          {
            title: 'Bind pools: headroom',
            description: 'Sockets that programs could bind(port 0) to a local address before they connect().',
            unit: Short,
            noValue: NO_BIND,
          },
          [
            overTime(bind('lastport_bind_pool_headroom_ports'), `free: ${BIND}`),
            overTime(bind('lastport_bind_pool_used_ports'), `used: ${BIND}`),
            overTime(bind('lastport_bind_pool_settled_used_ports'), `used in the end: ${BIND}`),
          ],
        ),
        '/^used in the end/',
        CRITICAL,
      ),
      limit(),
    ),
    withLimits(
      overMagnitudes(
        plot(
          {
            title: 'Bind pools: full in',
            description: 'Time until bind() fails with EADDRINUSE, if the demand stays.',
            unit: Seconds,
            noValue: 'not in sight',
          },
          [overTime(inSight(bind('lastport_bind_pool_exhaustion_seconds')), BIND)],
        ),
      ),
      deadlineLimits(),
    ),
    plot(
      {
        title: 'Bind pools: sockets bound per second',
        description: 'No line where it is not known.',
        unit: CountsPerSecond,
        noValue: NO_BIND,
      },
      [overTime(bind('lastport_bind_pool_opens_per_second'), BIND)],
    ),
    withLimits(
      plot(
        {
          title: 'Pools and tables: share used',
          description:
            'Of what a NAT lends this host (--nat), of the connection tracking table, of tcp_max_tw_buckets.',
          unit: PercentUnit,
          noValue: 'no NAT is configured, and no table is worth a line',
        },
        [overTime(`${pool('lastport_pool_used')} / (${pool('lastport_pool_limit')} > 0)`, POOL)],
      ).max(1),
      saturationLimits(),
    ),
    withLimits(
      overMagnitudes(
        plot(
          {
            title: 'Pools and tables: full in',
            description: 'Time until all of it is used, if the demand stays.',
            unit: Seconds,
            noValue: 'not in sight',
          },
          [overTime(inSight(pool('lastport_pool_exhaustion_seconds')), POOL)],
        ),
      ),
      deadlineLimits(),
    ),
    plot(
      {
        title: 'Tables of the kernel',
        description: 'Share of tcp_max_tw_buckets that is in TIME_WAIT, and of the connection tracking table.',
        unit: PercentUnit,
      },
      [
        overTime(share('lastport_tcp_sockets_time_wait', 'lastport_tcp_time_wait_limit'), 'TIME_WAIT ({{netns}})'),
        overTime(share('lastport_conntrack_entries', 'lastport_conntrack_entries_limit'), 'conntrack ({{netns}})'),
      ],
    ),
  ],
});

const share = (used: Parameters<typeof series>[0], limit: Parameters<typeof series>[0]): string =>
  `max by (netns) (${series(used, NETNS)} / (${series(limit, NETNS)} > 0))`;
