// Sample alerts for those who deliver them.
import type { Alert, AlertLabels } from '../../agent/model/alert.ts';

export const STARTED = Date.parse('2026-11-23T02:40:00.000Z');

/** Fires unless `endsAt` says otherwise; labels that are undefined are left out. */
export function alert(
  labels: { readonly [name: string]: string | undefined } = {},
  rest: Partial<Omit<Alert, 'labels'>> = {},
): Alert {
  const all = {
    alertname: 'LastportPortsExhausted',
    severity: 'critical',
    instance: 'web-1:9477',
    netns: 'host',
    local: '10.9.0.1',
    destination: '10.9.0.2:8080',
    ...labels,
  };
  return {
    labels: Object.fromEntries(
      Object.entries(all).filter(([, value]) => value !== undefined),
    ) as unknown as AlertLabels,
    annotations: { summary: '10.9.0.2:8080 has no port left: every new connection fails', description: '28232 used' },
    startsAt: STARTED,
    endsAt: null,
    ...rest,
  };
}

export const resolved = (one: Alert, endsAt = STARTED + 60_000): Alert => ({ ...one, endsAt });
