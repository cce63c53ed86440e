import { alertAnnotations } from './annotations.ts';
import { dashboard } from './dashboard.ts';
import { agentRow } from './host/agent.ts';
import { kernelRow } from './host/kernel.ts';
import { nowRow } from './host/now.ts';
import { oneDestinationRow } from './host/one-destination.ts';
import { poolsRow } from './host/pools.ts';
import { portsRow } from './host/ports.ts';
import { trafficRow } from './host/traffic.ts';
import { FLEET_UID, HOST_UID, linkTo } from './links.ts';
import { HOST } from './series.ts';
import { hostVariables } from './variables.ts';

/** One host: which destination, how full, how fast, how long, why, whose. The row that repeats is the last. */
export const hostDashboard = () =>
  dashboard({
    uid: HOST_UID,
    title: 'Lastport / Host',
    description: 'TCP ports of one host: which destination runs out of them, when, why, and whose they are.',
    variables: hostVariables(),
    annotations: alertAnnotations('instance="$instance"', HOST),
    link: linkTo(FLEET_UID, 'Lastport / Fleet'),
    rows: [nowRow(), portsRow(), trafficRow(), poolsRow(), kernelRow(), agentRow(), oneDestinationRow()],
  });
