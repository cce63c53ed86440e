import type { MetricName } from '../metrics.ts';

/** What a dashboard's variables select, as matchers of PromQL. */
export type Scope = string;

/** As Grafana writes it, with what follows a colon: how to put it in. */
export const variable = (name: string): string => `\${${name}}`;

/**
 * One host. `instance` has one value, which Grafana puts in as it is; the others are expressions. "All" of the cluster is
 * `.*`, which also matches series without that label.
 */
export const HOST: Scope = 'cluster=~"$cluster", job=~"$job", instance="$instance"';
export const NETNS: Scope = `${HOST}, netns=~"$netns"`;
export const DESTINATION: Scope = `${NETNS}, destination=~"$destination"`;

/** Many hosts. */
export const FLEET: Scope = 'cluster=~"$cluster", job=~"$job", instance=~"$instance"';
export const FLEET_NETNS: Scope = `${FLEET}, netns=~"$netns"`;
export const FLEET_DESTINATION: Scope = `${FLEET_NETNS}, destination=~"$destination"`;

/** Series that are not Lastport's own: of Prometheus, and of every Node program by prom-client. */
export const OTHERS = ['up', 'ALERTS', 'process_cpu_seconds_total', 'process_resident_memory_bytes'] as const;
/** A histogram's series have names of their own. */
type SeriesName = MetricName | 'lastport_tick_duration_seconds_bucket' | (typeof OTHERS)[number];

/** Series of a metric; the compiler knows them all, so that no panel can ask for one that there is not. */
export const series = (name: SeriesName, ...matchers: readonly Scope[]): string => `${name}{${matchers.join(', ')}}`;

/** Over a window that holds some scrapes, whatever the zoom. */
export const rate = (name: SeriesName, ...matchers: readonly Scope[]): string =>
  `rate(${series(name, ...matchers)}[$__rate_interval])`;

/** What is in sight: a deadline that is not is +Inf, which no plot can show. */
export const inSight = (expr: string): string => `${expr} < +Inf`;

/**
 * By how much a counter has grown within the window, with what a series that is new began at: it appears when a
 * destination is in trouble already, and increase() would take its first value for nothing.
 */
export function grown(counter: string, window: string): string {
  const increase = `increase(${counter}[${window}])`;
  return `(${increase} + ((min_over_time(${counter}[${window}]) unless ${counter} offset ${window}) or 0 * ${increase}))`;
}
