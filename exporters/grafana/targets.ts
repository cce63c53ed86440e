import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { variable } from './series.ts';

/** Whatever data source is selected. */
export const DATASOURCE = { type: 'prometheus', uid: variable('datasource') } as const;

/** Over the time that the dashboard shows, for a plot. */
export const overTime = (expr: string, legend: string): DataqueryBuilder =>
  new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend).range();

/** As it is at the end of that time, for one number. */
export const atEnd = (expr: string, legend = ''): DataqueryBuilder =>
  new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend).instant();

/** The same as rows of a table: labels and the value, in a column called "Value #" and the letter. */
export const asRows = (expr: string): DataqueryBuilder =>
  new DataqueryBuilder().datasource(DATASOURCE).expr(expr).instant().format(PromQueryFormat.Table);
