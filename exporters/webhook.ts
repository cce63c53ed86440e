import { type Alert, type AlertLabels, alertKey } from '../agent/model/alert.ts';
import type { AlertReceiver } from './alert-receiver.ts';
import { fingerprint } from './fingerprint.ts';

/** As Alertmanager's repeat_interval: a webhook is a message to somebody. */
const REPEAT_MS = 4 * 3600_000;
/** In one message; the others are counted in it. */
const MOST_ALERTS = 100;
/** What is one matter to whoever is told: whether all of it is over decides what becomes of an incident. */
const GROUP_BY = ['alertname', 'cluster', 'destination', 'instance'] as const;

/**
 * A receiver of Alertmanager's webhook messages, version 4 (notify/webhook/webhook.go, template/template.go: Data). One
 * message for a destination and a kind of alert, with all that fires of it and what has ended, so that its `status` and
 * `groupKey` say the truth.
 */
export function webhook(url: URL): AlertReceiver {
  return {
    kind: 'webhook',
    url,
    repeatMs: REPEAT_MS,
    isForgetful: false,
    messages: (news, firing) => {
      const groups = new Map<string, Alert[]>();
      for (const alert of news) {
        const key = groupKey(alert.labels);
        groups.set(key, [...(groups.get(key) ?? []), alert]);
      }
      return [...groups].map(([key, alerts]) => {
        const told = new Map(alerts.map((alert) => [alertKey(alert.labels), alert]));
        for (const alert of firing) if (groupKey(alert.labels) === key) told.set(alertKey(alert.labels), alert);
        return { alerts, body: JSON.stringify(message(key, [...told.values()])) };
      });
    },
  };
}

const groupLabels = (labels: AlertLabels): Record<string, string> =>
  Object.fromEntries(GROUP_BY.flatMap((name) => (labels[name] ? [[name, labels[name]]] : [])));

/** "{}:{alertname=\"LastportSlowConnect\", destination=\"10.9.0.2:8080\"}": of the only route, {}, this group. */
function groupKey(labels: AlertLabels): string {
  const pairs = Object.entries(groupLabels(labels)).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{}:{${pairs.join(', ')}}`;
}

function message(key: string, alerts: readonly Alert[]): object {
  return {
    version: '4',
    groupKey: key,
    truncatedAlerts: Math.max(0, alerts.length - MOST_ALERTS),
    status: alerts.some(({ endsAt }) => endsAt === null) ? 'firing' : 'resolved',
    receiver: 'lastport',
    groupLabels: groupLabels(alerts[0]?.labels as AlertLabels),
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: '',
    alerts: alerts.slice(0, MOST_ALERTS).map(({ labels, annotations, startsAt, endsAt }) => ({
      status: endsAt === null ? 'firing' : 'resolved',
      labels,
      annotations,
      startsAt: new Date(startsAt).toISOString(),
      // The zero time of Go: not yet.
      endsAt: endsAt === null ? '0001-01-01T00:00:00Z' : new Date(endsAt).toISOString(),
      generatorURL: '',
      fingerprint: fingerprint(labels),
    })),
  };
}

function common(all: readonly { readonly [name: string]: string | undefined }[]): Record<string, string> {
  const [first = {}, ...others] = all;
  const same = Object.entries(first).filter(([name, value]) => others.every((one) => one[name] === value));
  return Object.fromEntries(same) as Record<string, string>;
}
