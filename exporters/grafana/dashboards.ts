import { fleetDashboard } from './fleet.ts';
import { hostDashboard } from './host.ts';

/** What `lastport dashboard` prints, by the file beside this one that has it: the SDK is there only while developing. */
export const DASHBOARDS = { 'host.json': hostDashboard, 'fleet.json': fleetDashboard } as const;

export const dashboardText = (name: keyof typeof DASHBOARDS): string =>
  `${JSON.stringify(DASHBOARDS[name](), null, 2)}\n`;
