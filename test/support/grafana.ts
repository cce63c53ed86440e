// The dashboards as Grafana sees them: their panels, and the queries that it sends with variables put in.
import { readFileSync } from 'node:fs';
import { root } from './golden.ts';

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  readonly datasource?: { readonly type: string; readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly repeat?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
    };
    readonly overrides: readonly {
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
}

export interface Annotation {
  readonly name: string;
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly Annotation[] };
  readonly links: readonly { readonly url: string }[];
}

export const DASHBOARD_NAMES = ['host', 'fleet'] as const;

/** As it is shipped. */
export const shippedDashboard = (name: (typeof DASHBOARD_NAMES)[number]): Dashboard =>
  JSON.parse(readFileSync(`${root}exporters/grafana/${name}.json`, 'utf8')) as Dashboard;

/** Every query there is: of panels, variables and annotations. */
export const allQueries = (dashboard: Dashboard): string[] => [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.filter(({ type }) => type === 'query').map(({ query }) => query),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];

/** What is chosen, by variable; 'All' where there is no entry. */
export type Choice = Readonly<Record<string, string | readonly string[]>>;

/** Of the dashboard's time; by Grafana's names. */
export interface Times {
  readonly rateInterval: string;
  readonly range: string;
}

/** Of the Prometheus data source: a value within a regular expression within a string. */
const escapeRegex = (value: string): string =>
  value.replaceAll('\\', '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
const escapeString = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"');

/** A query with its variables replaced, as Grafana's Prometheus data source does (interpolateQueryExpr). */
export function interpolate(expr: string, variables: readonly Variable[], choice: Choice, times: Times): string {
  const builtIn: Readonly<Record<string, string>> = { __rate_interval: times.rateInterval, __range: times.range };
  return expr.replace(/\$(\w+)/g, (_, name: string) => {
    const fixed = builtIn[name];
    if (fixed !== undefined) return fixed;
    const variable = variables.find((one) => one.name === name);
    if (variable === undefined) throw new Error(`no variable $${name} in ${expr}`);
    return textOf(variable, choice[name]);
  });
}

function textOf({ name, multi, includeAll, allValue }: Variable, chosen: string | readonly string[] | undefined) {
  if (chosen === undefined) {
    if (includeAll !== true || allValue === undefined) throw new Error(`$${name} has no All: choose one`);
    return allValue; // as it is
  }
  const values = typeof chosen === 'string' ? [chosen] : chosen;
  if (multi !== true && includeAll !== true) return escapeString(values[0] ?? '');
  const escaped = values.map(escapeRegex);
  return escaped.length === 1 ? escaped[0]! : `(${escaped.join('|')})`;
}
