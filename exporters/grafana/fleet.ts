import { alertAnnotations } from './annotations.ts';
import { dashboard } from './dashboard.ts';
import { agentsRow } from './fleet/agents.ts';
import { alertsRow } from './fleet/alerts.ts';
import { destinationsRow } from './fleet/destinations.ts';
import { hostsRow } from './fleet/hosts.ts';
import { nowRow } from './fleet/now.ts';
import { FLEET_UID, HOST_UID, linkTo } from './links.ts';
import { FLEET } from './series.ts';
import { fleetVariables } from './variables.ts';

/** All hosts: which are worst, what they run out of, who watches. Each row leads to a host. */
export const fleetDashboard = () =>
  dashboard({
    uid: FLEET_UID,
    title: 'Lastport / Fleet',
    description: 'TCP ports of all hosts: the worst of them, what they run out of, and the agents that watch.',
    variables: fleetVariables(),
    annotations: alertAnnotations('instance=~"$instance"', FLEET),
    link: linkTo(HOST_UID, 'Lastport / Host'),
    rows: [nowRow(), alertsRow(), destinationsRow(), hostsRow(), agentsRow()],
  });
