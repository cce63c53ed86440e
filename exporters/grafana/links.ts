import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { type DashboardLink, DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';
import { variable } from './series.ts';

/** Stable: links, bookmarks and --dashboard-url rest on them. */
export const HOST_UID = 'lastport-host';
export const FLEET_UID = 'lastport-fleet';

/** What both dashboards have in common; "All" hosts is no choice for one host. */
const KEPT = ['datasource', 'cluster', 'job'].map((name) => variable(`${name}:queryparam`));

/** At the top, with the same choice and time. */
export const linkTo = (uid: string, title: string): Builder<DashboardLink> =>
  new DashboardLinkBuilder(title)
    .type(DashboardLinkType.Link)
    .icon('dashboard')
    .url(`/d/${uid}?${KEPT.join('&')}`)
    .keepTime(true);

/** A link sees the columns of its row under the names that people see. */
const FIELD_TITLES = { instance: 'Host', netns: 'Namespace', destination: 'Destination' } as const;

/** From a row of the fleet's tables to its host, at the same time; to all that the row is about. */
export const hostLink = (...rowLabels: readonly ('netns' | 'destination')[]) => {
  const row = (['instance', ...rowLabels] as const).map(
    (label) => `var-${label}=${variable(`__data.fields["${FIELD_TITLES[label]}"]`)}`,
  );
  return {
    title: 'Show this host',
    url: `/d/${HOST_UID}?${[...row, ...KEPT, variable('__url_time_range')].join('&')}`,
  };
};
