// When not one port is left, the alert must still get out.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { needs } from '../support/needs.ts';
import type { Told } from './alert-receiver.ts';
import { Inside } from './inside.ts';
import {
  ALERTMANAGER_AT,
  HOOK_AT,
  hold,
  OTHER_ALERTMANAGER_AT,
  startAlertmanager,
  startReceiver,
  untilTold,
} from './receivers.ts';

const EADDRNOTAVAIL = 99;
const LIMIT_MS = 2000;

const skip = needs('prometheus-alertmanager') || needs('python3') || (await obstacle());
describe('an alert when no port is left', { skip }, () => {
  it('is received within 2 s where its very receiver has taken them all', { timeout: 60_000 }, async () => {
    const flags = ['--webhook', `http://${HOOK_AT}/`, '--alertmanager', `http://${ALERTMANAGER_AT}`];
    const inside = await Inside.open({ tick: '1s', flags });
    try {
      await startAlertmanager(inside, ALERTMANAGER_AT);
      await startReceiver(inside, ALERTMANAGER_AT);
      await untilTold(inside, 'an Alertmanager', ({ status }) => status === 'up');
      // One to the hook, then all that are left to the other one, who holds on to more connections than it is asked for.
      const all = await hold(inside, 'program', HOOK_AT, 2000);
      assert.equal(all.refused, EADDRNOTAVAIL);
      for (const by of ['webhook', ALERTMANAGER_AT]) {
        const { at } = await untilTold(inside, `an alert by ${by}`, isExhausted(by, HOOK_AT));
        assert.ok(at - all.at <= LIMIT_MS, `${by} ${at - all.at} ms after the last port`);
      }
    } finally {
      await inside.close();
    }
  });

  it('is received within 2 s where none is to be had for anybody, by an Alertmanager that is new or has moved too', {
    timeout: 90_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-hosts-'));
    const hosts = join(folder, 'hosts');
    const leadsTo = (at: string) => writeFileSync(hosts, `${at.replace(/:.*/, '')} am.test\n`);
    leadsTo(ALERTMANAGER_AT);
    // A name that only Lastport knows.
    const wrap = ['unshare', '--mount', 'sh', '-c', `mount --bind ${hosts} /etc/hosts && exec "$@"`, 'sh'];
    const flags = ['--webhook', `http://${HOOK_AT}/`, '--alertmanager', 'http://am.test:9093'];
    const inside = await Inside.open({ tick: '1s', flags, wrap });
    try {
      await startAlertmanager(inside, ALERTMANAGER_AT);
      await startReceiver(inside, ALERTMANAGER_AT, OTHER_ALERTMANAGER_AT);
      await untilTold(inside, 'an Alertmanager', ({ status }) => status === 'up');
      const all = await hold(inside, 'program', A, 20, 'block', 40000, 40999);
      assert.deepEqual([all.held, all.refused], [20, EADDRNOTAVAIL]);
      for (const by of ['webhook', ALERTMANAGER_AT]) {
        const { at } = await untilTold(inside, `an alert by ${by}`, isExhausted(by, A));
        assert.ok(at - all.at <= LIMIT_MS, `${by} ${at - all.at} ms after the last port`);
      }

      const restarted = performance.timeOrigin + performance.now();
      await inside.stop(`alertmanager ${ALERTMANAGER_AT}`);
      rmSync(join(inside.folder, `alertmanager-${ALERTMANAGER_AT.replace(/\W+/g, '-')}`, 'data'), {
        recursive: true,
        force: true,
      });
      await startAlertmanager(inside, ALERTMANAGER_AT);
      await soonAfter(inside, ALERTMANAGER_AT, restarted);

      const moved = performance.timeOrigin + performance.now();
      await inside.stop(`alertmanager ${ALERTMANAGER_AT}`);
      leadsTo(OTHER_ALERTMANAGER_AT);
      await startAlertmanager(inside, OTHER_ALERTMANAGER_AT);
      await soonAfter(inside, OTHER_ALERTMANAGER_AT, moved);
    } finally {
      await inside.close();
      rmSync(folder, { recursive: true });
    }
  });
});

const isExhausted =
  (by: string, destination: string) =>
  ({ labels, ...one }: Told): boolean =>
    one.by === by && labels['alertname'] === 'LastportPortsExhausted' && labels['destination'] === destination;

/** An Alertmanager that answers for the first time after `since` has the alert soon. */
async function soonAfter(inside: Inside, by: string, since: number): Promise<void> {
  const up = await untilTold(inside, `${by} is up`, (one) => one.by === by && one.status === 'up' && one.at > since);
  const alert = await untilTold(inside, `an alert by ${by}`, (one) => isExhausted(by, A)(one) && one.at >= up.at);
  assert.ok(alert.at - up.at <= LIMIT_MS, `${by} ${alert.at - up.at} ms after it was there`);
}
