import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type AnnotationQuery,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Row } from './panel.ts';

export interface DashboardParts {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Builder<VariableModel>[];
  readonly annotations: readonly Builder<AnnotationQuery>[];
  /** To the other dashboard. */
  readonly link: Builder<DashboardLink>;
  readonly rows: readonly Row[];
}

/** A dashboard of rows, whose panels are numbered as they come: a panel's number is part of links to it. */
export function dashboard({ rows, ...parts }: DashboardParts): Dashboard {
  const builder = new DashboardBuilder(parts.title)
    .uid(parts.uid)
    .description(parts.description)
    .tags(['lastport'])
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('15s')
    .variables([...parts.variables])
    .annotations([...parts.annotations])
    .link(parts.link);
  for (const { row, panels } of rows) {
    builder.withRow(row);
    for (const panel of panels) builder.withPanel(panel);
  }
  const made = builder.build();
  for (const [index, panel] of (made.panels ?? []).entries()) panel.id = index + 1;
  return made;
}
