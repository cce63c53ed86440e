// One trouble is one alert to a real Alertmanager, whoever tells of it and whatever changes about it meanwhile.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import { obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { needs } from '../support/needs.ts';
import { lastport } from '../support/program.ts';
import type { Told } from './alert-receiver.ts';
import { Inside, LASTPORT_AT, USABLE } from './inside.ts';
import { ALERTMANAGER_AT, hold, letGo, startAlertmanager, startReceiver, told, untilTold } from './receivers.ts';

const EVERY = '500ms';
/** Half a minute of the contrary, then whatever groups alerts. */
const RESOLVED_WITHIN_MS = 60_000;

/** With our rules, and the same Alertmanager. */
async function startPrometheus(inside: Inside): Promise<void> {
  const { folder } = inside;
  const { status, stdout } = lastport(['rules']);
  assert.equal(status, 0);
  writeFileSync(join(folder, 'rules.yml'), stdout);
  const config = {
    global: { scrape_interval: EVERY, evaluation_interval: EVERY },
    rule_files: ['rules.yml'],
    scrape_configs: [{ job_name: 'lastport', static_configs: [{ targets: [LASTPORT_AT] }] }],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [ALERTMANAGER_AT] }] }] },
  };
  writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
  const options = { 'config.file': 'prometheus.yml', 'storage.tsdb.path': 'prometheus' };
  const argv = Object.entries(options).map(([name, path]) => `--${name}=${join(folder, path)}`);
  await inside.start('prometheus', ['prometheus', ...argv, '--web.listen-address=127.0.0.1:9090']);
}

const isOurs = ({ labels }: Told): boolean =>
  labels['alertname'] === 'LastportPortsExhausted' && labels['destination'] === A;

const skip = needs('prometheus-alertmanager') || needs('prometheus') || needs('python3') || (await obstacle());
describe('one trouble', { skip }, () => {
  it('is one alert from its beginning to its end, by the daemon and by Prometheus', { timeout: 120_000 }, async () => {
    const inside = await Inside.open({
      tick: '1s',
      flags: ['--alertmanager', `http://${ALERTMANAGER_AT}`, '--alert-instance', LASTPORT_AT],
    });
    try {
      await startAlertmanager(inside, ALERTMANAGER_AT, true);
      await startReceiver(inside, ALERTMANAGER_AT);
      await untilTold(inside, 'an Alertmanager', ({ status }) => status === 'up');
      await startPrometheus(inside);
      await hold(inside, 'most', A, USABLE * 0.7);
      const rest = await hold(inside, 'rest', A, USABLE);
      assert.ok(rest.refused > 0);
      const byDaemon = await untilTold(inside, 'the daemon’s alert', (one) => isOurs(one) && one.generatorURL === '');
      const byRule = await untilTold(
        inside,
        'the rule’s alert',
        (one) => isOurs(one) && /:9090/.test(one.generatorURL),
      );
      assert.equal(byRule.fingerprint, byDaemon.fingerprint);
      assert.deepEqual(byRule.labels, byDaemon.labels);

      // Other programs have them now, and no port is left all the while.
      letGo(inside, 'most');
      await hold(inside, 'others', A, USABLE);
      const changed = await untilTold(
        inside,
        'other words',
        (one) =>
          isOurs(one) && one.by === ALERTMANAGER_AT && one.annotations['owner'] !== byDaemon.annotations['owner'],
      );
      assert.equal(changed.fingerprint, byDaemon.fingerprint);

      letGo(inside, 'rest');
      letGo(inside, 'others');
      await inside.until(
        'its end',
        async () =>
          told(inside).find((one) => isOurs(one) && one.by === 'webhook' && one.status === 'resolved') ?? null,
        RESOLVED_WITHIN_MS,
      );
      const ours = told(inside).filter(isOurs);
      assert.deepEqual([...new Set(ours.map(({ fingerprint }) => fingerprint))], [byDaemon.fingerprint]);
      // What it tells its own receiver: that it fires, and that it is over.
      const kinds = ours.filter(({ by }) => by === 'webhook').map(({ status }) => status);
      assert.deepEqual([kinds[0], kinds.at(-1), kinds.indexOf('resolved')], ['firing', 'resolved', kinds.length - 1]);
    } finally {
      await inside.close();
    }
  });
});
