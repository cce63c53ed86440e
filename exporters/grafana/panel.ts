import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { DATASOURCE } from './targets.ts';

/** What a panel says about itself. */
export interface PanelText {
  readonly title: string;
  readonly description: string;
  /** One of Grafana's; see @grafana/grafana-foundation-sdk/units. */
  readonly unit: string;
  /** Of 24. */
  readonly width?: number;
  /** What is there while there is nothing. */
  readonly noValue?: string;
}

/** A row's title and what is below it. */
export interface Row {
  readonly row: Builder<RowPanel>;
  readonly panels: readonly Builder<Panel>[];
}

interface Targeted {
  datasource(datasource: typeof DATASOURCE): this;
  withTarget(target: DataqueryBuilder): this;
}

/** Named A, B, C … in their order. */
export function addTargets<Some extends Targeted>(panel: Some, targets: readonly DataqueryBuilder[]): Some {
  panel.datasource(DATASOURCE);
  for (const [index, target] of targets.entries()) panel.withTarget(target.refId(refId(index)));
  return panel;
}

export const refId = (index: number): string => String.fromCharCode(65 + index);
