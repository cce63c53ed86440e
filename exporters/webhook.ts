import type { Alert, AlertLabels } from '../agent/model/alert.ts';
import type { AlertReceiver } from './alert-sink.ts';

/** As Alertmanager's repeat_interval: a webhook is a message to somebody. */
const REPEAT_MS = 4 * 3600_000;

/** A receiver of Alertmanager's webhook messages, version 4 (notify/webhook, template.Data): one message per alert name. */
export function webhook(url: URL): AlertReceiver {
  return {
    kind: 'webhook',
    url,
    repeatMs: REPEAT_MS,
    isForgetful: false,
    bodies: (alerts) => {
      const names = [...new Set(alerts.map(({ labels }) => labels.alertname))];
      return names.map((name) => JSON.stringify(message(alerts.filter(({ labels }) => labels.alertname === name))));
    },
  };
}

function message(alerts: readonly Alert[]): object {
  const alertname = alerts[0]?.labels.alertname ?? '';
  return {
    version: '4',
    groupKey: `{}:{alertname=${JSON.stringify(alertname)}}`,
    truncatedAlerts: 0,
    status: alerts.some(({ endsAt }) => endsAt === null) ? 'firing' : 'resolved',
    receiver: 'lastport',
    groupLabels: { alertname },
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: '',
    alerts: alerts.map(({ labels, annotations, startsAt, endsAt }) => ({
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

const FNV_OFFSET = 14695981039346656037n;
const FNV_PRIME = 1099511628211n;
const SEPARATOR = 255;

/** By which Prometheus and Alertmanager know a set of labels: FNV-1a, 64 bits (model.LabelSet.Fingerprint). */
function fingerprint(labels: AlertLabels): string {
  let sum = FNV_OFFSET;
  const add = (byte: number) => {
    sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * FNV_PRIME);
  };
  const encoder = new TextEncoder();
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name] ?? '';
    if (value === '') continue;
    for (const byte of encoder.encode(name)) add(byte);
    add(SEPARATOR);
    for (const byte of encoder.encode(value)) add(byte);
    add(SEPARATOR);
  }
  return sum.toString(16).padStart(16, '0');
}
