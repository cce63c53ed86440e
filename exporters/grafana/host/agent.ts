import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { BytesIEC, CountsPerSecond, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import type { Row } from '../panel.ts';
import { plot, stack } from '../plot.ts';
import { HOST, rate, series } from '../series.ts';
import { overTime } from '../targets.ts';

const TICKS = `sum by (le) (${rate('lastport_tick_duration_seconds_bucket', HOST)})`;

/** What the agent tells, and how it is itself. */
export const agentRow = (): Row => ({
  row: new RowBuilder('Alerts and the agent'),
  panels: [
    stack({ title: 'Alerts of the agent', description: 'Of the agent itself.', unit: Short }, [
      overTime(`sum by (alertname, severity) (${series('lastport_alerts', HOST)}) > 0`, '{{alertname}} {{severity}}'),
    ]),
    plot(
      {
        title: 'Alerts delivered per second, and incidents',
        description: 'By receiver and what came of it; incidents that began, and those that could not be written.',
        unit: CountsPerSecond,
        noValue: 'no receiver is configured',
      },
      [
        overTime(`sum by (sink, result) (${rate('lastport_alert_deliveries_total', HOST)})`, '{{result}}: {{sink}}'),
        overTime(`sum(${rate('lastport_incidents_total', HOST)})`, 'incidents'),
        overTime(`sum(${rate('lastport_incident_write_failures_total', HOST)})`, 'incidents not written'),
      ],
    ),
    plot(
      {
        title: 'Time for a look',
        description: 'Half of them, and all but one in a hundred, take no longer.',
        unit: Seconds,
      },
      [overTime(`histogram_quantile(0.5, ${TICKS})`, 'half'), overTime(`histogram_quantile(0.99, ${TICKS})`, '99 %')],
    ),
    plot({ title: 'Collectors', description: 'Time that each took in the last look.', unit: Seconds }, [
      overTime(`max by (collector) (${series('lastport_collector_duration_seconds', HOST)})`, '{{collector}}'),
    ]),
    plot(
      {
        title: 'What cannot be seen',
        description:
          'Gaps by source, collectors that fail, series left out, events and lines of the log lost, restarts of the thread that looks. lastport doctor tells what each costs.',
        unit: Short,
        noValue: 'nothing is missing',
      },
      [
        overTime(`sum by (source) (${series('lastport_gaps', HOST)})`, 'gaps: {{source}}'),
        overTime(`sum by (collector) (${series('lastport_collector_success', HOST)} == 0) + 1`, 'fails: {{collector}}'),
        overTime(`sum(${series('lastport_series_omitted', HOST)})`, 'series left out'),
        overTime(`sum(${rate('lastport_trace_lost_events_total', HOST)})`, 'events of the trace lost per second'),
        overTime(`sum(${rate('lastport_probe_events_dropped_total', HOST)})`, 'events of probes lost per second'),
        overTime(`sum(${rate('lastport_log_lines_lost_total', HOST)})`, 'lines of the log lost per second'),
        overTime(`sum(${rate('lastport_look_restarts_total', HOST)})`, 'restarts of the thread that looks per second'),
      ],
    ),
    plot({ title: 'Probes', description: 'Threads of programs whose probe is connected.', unit: Short }, [
      overTime(`sum(${series('lastport_probes', HOST)})`, 'connected'),
    ]),
    plot({ title: 'CPU', description: 'Of one core.', unit: PercentUnit }, [
      overTime(`sum(${rate('process_cpu_seconds_total', HOST)})`, 'used'),
    ]),
    plot({ title: 'Memory', description: 'Resident.', unit: BytesIEC }, [
      overTime(`sum(${series('process_resident_memory_bytes', HOST)})`, 'resident'),
    ]),
  ],
});
