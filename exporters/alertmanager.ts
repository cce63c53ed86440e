import type { Alert } from '../agent/model/alert.ts';
import type { AlertReceiver } from './alert-receiver.ts';

/** As Prometheus does: said again every minute, and over four minutes after it was said last. */
const REPEAT_MS = 60_000;
const ENDS_AFTER_MS = 4 * 60_000;

/**
 * Alertmanager's API v2 (api/v2/openapi.yaml, postAlerts). `base` is its external URL, with its route prefix; the whole
 * URL of the API will do too.
 */
export function alertmanager(base: URL): AlertReceiver {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/(\/api\/v2(\/alerts)?)?\/*$/, '')}/api/v2/alerts`;
  return {
    kind: 'alertmanager',
    url,
    repeatMs: REPEAT_MS,
    isForgetful: true,
    messages: (alerts, _, now) => [{ alerts, body: JSON.stringify(alerts.map((alert) => postable(alert, now))) }],
  };
}

/**
 * A clock that was set back has left times that are yet to come: Alertmanager would refuse an end before its start, and
 * let an alert fire until an end that is to come.
 */
function postable({ labels, annotations, startsAt, endsAt }: Alert, now: number): object {
  const end = endsAt === null ? now + ENDS_AFTER_MS : Math.min(endsAt, now);
  return {
    labels,
    annotations,
    startsAt: new Date(Math.min(startsAt, now, end)).toISOString(),
    endsAt: new Date(end).toISOString(),
  };
}
