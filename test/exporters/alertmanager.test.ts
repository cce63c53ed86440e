import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Alert } from '../../agent/model/alert.ts';
import { alertmanager } from '../../exporters/alertmanager.ts';
import { alert, resolved, STARTED } from '../support/alerts.ts';

function posted(alerts: readonly Alert[], now: number) {
  const messages = alertmanager(new URL('http://am:9093')).messages(alerts, alerts, now);
  assert.equal(messages.length, 1);
  assert.deepEqual(messages[0]!.alerts, alerts);
  return JSON.parse(messages[0]!.body) as Record<string, unknown>[];
}

const at = (ms: number) => new Date(ms).toISOString();

describe('alertmanager', () => {
  for (const [base, path] of [
    ['http://am:9093', '/api/v2/alerts'],
    ['http://am:9093/', '/api/v2/alerts'],
    ['https://am.example/alertmanager/', '/alertmanager/api/v2/alerts'],
    ['https://am.example/alertmanager/api/v2/alerts', '/alertmanager/api/v2/alerts'],
    ['https://am.example/api/v2/', '/api/v2/alerts'],
  ] as const) {
    it(`posts to ${path} of ${base}`, () => assert.equal(alertmanager(new URL(base)).url.pathname, path));
  }

  it('says what fires once a minute, with an end four minutes ahead', () => {
    const one = alert();
    const now = STARTED + 5 * 60_000;
    assert.equal(alertmanager(new URL('http://am')).repeatMs, 60_000);
    const { labels, annotations } = one;
    assert.deepEqual(posted([one], now), [
      { labels, annotations, startsAt: at(STARTED), endsAt: at(now + 4 * 60_000) },
    ]);
  });

  it('says when it ended', () => {
    const [only] = posted([resolved(alert(), STARTED + 60_000)], STARTED + 90_000);
    assert.deepEqual([only?.['startsAt'], only?.['endsAt']], [at(STARTED), at(STARTED + 60_000)]);
  });

  for (const [what, endsAt] of [
    ['fires', null],
    ['has ended', STARTED],
  ] as const) {
    it(`has no time that is yet to come of what ${what}, though the clock was set back`, () => {
      const now = STARTED - 3600_000;
      const [only] = posted([alert({}, { endsAt })], now);
      assert.deepEqual([only?.['startsAt'], only?.['endsAt']], [at(now), at(endsAt === null ? now + 240_000 : now)]);
    });
  }
});
