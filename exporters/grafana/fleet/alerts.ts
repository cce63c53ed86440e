import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { NoUnit, Short } from '@grafana/grafana-foundation-sdk/units';
import { hostLink } from '../links.ts';
import type { Row } from '../panel.ts';
import { stack } from '../plot.ts';
import { FLEET, series } from '../series.ts';
import { table } from '../table.ts';
import { overTime } from '../targets.ts';

/** By their instances alone: an alert keeps neither job nor, as a rule, cluster. */
const FIRING = series('ALERTS', 'alertname=~"Lastport.*"', 'alertstate="firing"', 'instance=~"$instance"');

/** Alerts that fire: those of the rules, and the agents' own. */
export const alertsRow = (): Row => ({
  row: new RowBuilder('Alerts'),
  panels: [
    table(
      {
        title: 'Firing',
        description: 'Alerts of lastport rules that this Prometheus evaluates. A click on the host shows it.',
        unit: NoUnit,
        noValue: 'no alert fires, or Prometheus has no rules',
        width: 12,
      },
      {
        sortBy: 'Severity',
        isAscending: true,
        labels: [
          { label: 'alertname', title: 'Alert' },
          { label: 'severity', title: 'Severity' },
          { label: 'instance', title: 'Host', link: hostLink() },
          { label: 'destination', title: 'Destination' },
          { label: 'unit', title: 'Unit' },
        ],
        columns: [
          {
            title: 'Fires',
            unit: NoUnit,
            isHidden: true,
            expr: `max by (alertname, severity, instance, destination, unit) (${FIRING})`,
          },
        ],
      },
    ),
    stack(
      {
        title: 'Alerts of the agents',
        description: 'As many as fire, whether anybody is told or not.',
        unit: Short,
        noValue: 'no alert fires',
      },
      [
        overTime(
          `sum by (alertname, severity) (${series('lastport_alerts', FLEET)}) > 0`,
          '{{alertname}} {{severity}}',
        ),
      ],
    ),
  ],
});
