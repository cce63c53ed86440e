import type { Alert } from '../agent/model/alert.ts';
import type { AlertReceiver } from './alert-sink.ts';

/** As Prometheus does: said again every minute, and over four minutes after it was said last. */
const REPEAT_MS = 60_000;
const ENDS_AFTER_MS = 4 * 60_000;

/** Alertmanager's API v2 (api/v2/openapi.yaml, postAlerts). `base` is its external URL, with its route prefix. */
export function alertmanager(base: URL): AlertReceiver {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
  return {
    kind: 'alertmanager',
    url,
    repeatMs: REPEAT_MS,
    isForgetful: true,
    bodies: (alerts, now) => [JSON.stringify(alerts.map((alert) => postable(alert, now)))],
  };
}

function postable({ labels, annotations, startsAt, endsAt }: Alert, now: number): object {
  return {
    labels,
    annotations,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt ?? now + ENDS_AFTER_MS).toISOString(),
  };
}
