import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Alert } from '../../agent/model/alert.ts';
import { fingerprint } from '../../exporters/fingerprint.ts';
import { webhook } from '../../exporters/webhook.ts';
import { alert, resolved, STARTED } from '../support/alerts.ts';

interface Message {
  readonly status: string;
  readonly groupKey: string;
  readonly groupLabels: object;
  readonly commonLabels: object;
  readonly truncatedAlerts: number;
  readonly alerts: readonly { status: string; labels: { severity: string; destination: string }; endsAt: string }[];
}

function messages(news: readonly Alert[], firing: readonly Alert[]) {
  return webhook(new URL('https://hooks.example/T0/secret'))
    .messages(news, firing, STARTED)
    .map(({ alerts, body }) => ({ settles: alerts, message: JSON.parse(body) as Message }));
}

const critical = alert();
const warning = alert({ severity: 'warning' });
const elsewhere = alert({ destination: '10.9.0.3:80' });

describe('webhook', () => {
  it("speaks Alertmanager's version 4", () => {
    const [only] = messages([critical], [critical]);
    const { labels, annotations } = critical;
    assert.deepEqual(only?.message, {
      version: '4',
      groupKey: '{}:{alertname="LastportPortsExhausted", destination="10.9.0.2:8080", instance="web-1:9477"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'lastport',
      groupLabels: { alertname: 'LastportPortsExhausted', destination: '10.9.0.2:8080', instance: 'web-1:9477' },
      commonLabels: labels,
      commonAnnotations: annotations,
      externalURL: '',
      alerts: [
        {
          status: 'firing',
          labels,
          annotations,
          startsAt: '2026-11-23T02:40:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: fingerprint(labels),
        },
      ],
    });
  });

  it('has one message for each destination and kind', () => {
    const found = messages([critical, elsewhere], [critical, elsewhere]);
    assert.deepEqual(
      found.map(({ settles }) => settles),
      [[critical], [elsewhere]],
    );
    assert.notEqual(found[0]!.message.groupKey, found[1]!.message.groupKey);
  });

  it('does not call a group resolved while any of it fires', () => {
    const over = resolved(critical);
    const [only] = messages([over], [warning, elsewhere]);
    assert.equal(only?.message.status, 'firing');
    assert.deepEqual(only?.settles, [over]);
    assert.deepEqual(
      only?.message.alerts.map(({ status, labels }) => [status, labels.severity]),
      [
        ['resolved', 'critical'],
        ['firing', 'warning'],
      ],
    );
    assert.ok(!('severity' in only!.message.commonLabels), 'what differs is not common');
  });

  it('calls it resolved when all of it is', () => {
    const [only] = messages([resolved(critical)], [elsewhere]);
    assert.equal(only?.message.status, 'resolved');
    assert.equal(only?.message.alerts[0]?.endsAt, '2026-11-23T02:41:00.000Z');
  });

  it('has the newest annotations of what fires', () => {
    const newer = { ...critical, annotations: { summary: 'newer', description: '' } };
    const [only] = messages([critical], [newer]);
    assert.deepEqual(only?.message.alerts, [{ ...only?.message.alerts[0], annotations: newer.annotations }]);
  });

  it('has 100 alerts at most in a message, and counts the rest', () => {
    const many = Array.from({ length: 130 }, (_, index) => alert({ local: `10.9.1.${index}` }));
    const [only] = messages(many, many);
    assert.equal(only?.message.alerts.length, 100);
    assert.equal(only?.message.truncatedAlerts, 30);
    assert.equal(only?.settles.length, 130);
  });

  it('groups an alert without a destination by what it has', () => {
    const labels = { alertname: 'LastportBlind', netns: undefined, local: undefined, destination: undefined } as const;
    const [only] = messages([alert({ ...labels, what: 'collector sock-diag' })], []);
    assert.equal(only?.message.groupKey, '{}:{alertname="LastportBlind", instance="web-1:9477"}');
  });
});
