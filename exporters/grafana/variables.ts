import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { MetricName } from '../metrics.ts';
import { FLEET, FLEET_NETNS, HOST, NETNS, type Scope, series } from './series.ts';
import { DATASOURCE } from './targets.ts';

/** Values of a label, of the series that what was chosen before it leaves. */
function values(label: string, title: string, name: MetricName, ...matchers: readonly Scope[]): QueryVariableBuilder {
  const query = `label_values(${series(name, ...matchers)}, ${label})`;
  return new QueryVariableBuilder(label)
    .label(title)
    .datasource(DATASOURCE)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** "All" is an expression, and not all values: of those there may be thousands, or, of a cluster, none. */
const several = (variable: QueryVariableBuilder, all: '.*' | '.+'): QueryVariableBuilder =>
  variable.multi(true).includeAll(true).allValue(all).current({ text: 'All', value: '$__all' });

const common = () => [
  new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
  several(values('cluster', 'Cluster', 'lastport_build_info'), '.*'),
  several(values('job', 'Job', 'lastport_build_info', 'cluster=~"$cluster"'), '.+'),
];
const instance = () =>
  values('instance', 'Host', 'lastport_build_info', 'cluster=~"$cluster"', 'job=~"$job"').description(
    'As Prometheus names the target',
  );
/** The last two of both dashboards. */
const places = (hosts: Scope, netns: Scope) => [
  several(values('netns', 'Namespace', 'lastport_destinations', hosts), '.*'),
  several(values('destination', 'Destination', 'lastport_destination_used_ports', netns), '.+'),
];

/** One host at a time: the first there is, until another one is chosen. */
export const hostVariables = () => [...common(), instance(), ...places(HOST, NETNS)];
export const fleetVariables = () => [...common(), several(instance(), '.+'), ...places(FLEET, FLEET_NETNS)];
