import { TableCellDisplayMode, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue, ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { addTargets, type PanelText, refId } from './panel.ts';
import { asRows } from './targets.ts';

/** A column of values: what is asked for, and how it is shown. */
export interface Column {
  readonly title: string;
  readonly expr: string;
  readonly unit: string;
  readonly levels?: ThresholdsConfigBuilder;
  /** Its query is only there for a label that it has. */
  readonly isHidden?: boolean;
}

/** A column of a label. */
export interface LabelColumn {
  readonly label: string;
  readonly title: string;
  /** Where a click on it leads. */
  readonly link?: { readonly title: string; readonly url: string };
}

export interface TableOptions {
  readonly labels: readonly LabelColumn[];
  readonly columns: readonly Column[];
  /** Title of the column that orders the rows. */
  readonly sortBy: string;
  readonly isAscending?: boolean;
  readonly height?: number;
}

/** Grafana gives values this name, and merges rows whose labels are equal where both have them. */
const valueField = (index: number, count: number): string => (count === 1 ? 'Value' : `Value #${refId(index)}`);

/** Rows of labels and values, one query for each column. */
export function table(text: PanelText, options: TableOptions): PanelBuilder {
  const { labels, columns, sortBy, isAscending = false, height = 9 } = options;
  const fields = columns.map((_, index) => valueField(index, columns.length));
  const names = [...labels.map(({ label }) => label), ...fields];
  const titles = [...labels, ...columns].map(({ title }) => title);
  const panel = new PanelBuilder()
    .title(text.title)
    .description(text.description)
    .noValue(text.noValue ?? 'none')
    .unit(text.unit)
    .span(text.width ?? 24)
    .height(height)
    .filterable(true)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(!isAscending)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: hidden(columns, fields),
        indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
        renameByName: Object.fromEntries(names.map((name, index) => [name, titles[index]])),
      },
    });
  for (const { title, unit, levels } of columns) panel.overrideByName(title, valueLook(unit, levels));
  for (const { title, link } of labels) {
    if (link !== undefined) panel.overrideByName(title, [{ id: 'links', value: [link] }]);
  }
  return addTargets(
    panel,
    columns.map(({ expr }) => asRows(expr)),
  );
}

const hidden = (columns: readonly Column[], fields: readonly string[]) => ({
  Time: true,
  ...Object.fromEntries(fields.filter((_, index) => columns[index]?.isHidden).map((field) => [field, true])),
});

const valueLook = (unit: string, levels: ThresholdsConfigBuilder | undefined): DynamicConfigValue[] =>
  levels === undefined
    ? [{ id: 'unit', value: unit }]
    : [
        { id: 'unit', value: unit },
        { id: 'thresholds', value: levels.build() },
        { id: 'color', value: { mode: 'thresholds' } },
        { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
      ];
