import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { obstacle } from '../kernel/netns.ts';
import { LASTPORT } from '../kernel/situation.ts';
import { makeCertificates } from '../support/certificates.ts';
import { needs } from '../support/needs.ts';
import { Inside, LASTPORT_AT } from './inside.ts';

const PROMETHEUS_AT = '127.0.0.1:9090';
const PASSWORD = 'correct horse';

interface Target {
  readonly labels: { readonly job: string };
  readonly health: string;
  readonly lastError: string;
}

const skip = needs('prometheus') || needs('openssl') || needs('curl') || (await obstacle());
describe('Prometheus and lastport run --web-config', { skip }, () => {
  it('scrapes with a password and a certificate, and goes on when the certificates change', {
    timeout: 60_000,
  }, async () => {
    const [old, young] = [makeCertificates(), makeCertificates()];
    const inside = await Inside.open({ listens: false, starts: false });
    const file = (name: string, text: string) => {
      const path = join(inside.folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    /** As somebody who trusts only the new authority. */
    const curl = async (...more: string[]) => {
      const to = ['--silent', '--noproxy', '*', '--connect-to', `localhost:9477:${LASTPORT_AT}`, '--max-time', '5'];
      const shown = ['--cacert', file('new-ca.pem', young.ca), '--write-out', '%{http_code}', '--output', '/dev/null'];
      return (await inside.net.run(['curl', ...to, ...shown, ...more, 'https://localhost:9477/metrics'])).stdout;
    };
    try {
      file('server.pem', old.good.cert);
      file('server.key', old.good.key);
      file('clients.pem', old.ca + young.ca);
      const web = file(
        'web.yml',
        [
          'tls_server_config:',
          '  cert_file: server.pem',
          '  key_file: server.key',
          '  client_ca_file: clients.pem',
          '  client_auth_type: RequireAndVerifyClientCert',
          '  client_allowed_sans: [localhost]',
          'basic_auth_users:',
          `  prometheus: ${hashSync(PASSWORD, 10)}`,
        ].join('\n'),
      );
      const sockets = ['--api-socket', join(inside.folder, 'api.sock'), '--probe-socket', 'off'];
      const run = [
        process.execPath,
        LASTPORT,
        'run',
        '--netns',
        'self',
        '--tick',
        '200ms',
        '--web-config',
        web,
        ...sockets,
      ];
      await inside.start('lastport', run);
      const tls = {
        ca_file: file('all-ca.pem', old.ca + young.ca),
        server_name: 'localhost',
        cert_file: file('client.pem', old.good.cert),
        key_file: file('client.key', old.good.key),
      };
      const basic_auth = { username: 'prometheus', password: PASSWORD };
      const job = (job_name: string, more: object) => ({
        job_name,
        scheme: 'https',
        static_configs: [{ targets: [LASTPORT_AT] }],
        ...more,
      });
      const { ca_file, server_name } = tls;
      const config = file(
        'prometheus.yml',
        JSON.stringify({
          global: { scrape_interval: '1s', scrape_timeout: '1s' },
          scrape_configs: [
            job('both', { tls_config: tls, basic_auth }),
            job('no password', { tls_config: tls }),
            job('no certificate', { tls_config: { ca_file, server_name }, basic_auth }),
            job('other name', {
              tls_config: {
                ...tls,
                cert_file: file('other.pem', old.elsewhere.cert),
                key_file: file('other.key', old.elsewhere.key),
              },
              basic_auth,
            }),
          ],
        }),
      );
      await inside.until('lastport listens', async () =>
        inside.log('lastport').includes('"listening"') ? 'yes' : null,
      );
      await inside.start('prometheus', [
        'prometheus',
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(inside.folder, 'tsdb')}`,
        `--web.listen-address=${PROMETHEUS_AT}`,
      ]);
      const targets = async () => {
        const { data } = JSON.parse(await inside.get(`${PROMETHEUS_AT}/api/v1/targets`));
        return data.activeTargets as Target[];
      };
      const all = await inside.until('each target was tried', async () => {
        const found = await targets();
        // The first scrape of all may wait longer than that for a password to be checked, on a machine with much to do.
        const isUp = found.some(({ labels, health }) => labels.job === 'both' && health === 'up');
        return found.length === 4 && isUp && found.every(({ health }) => health !== 'unknown') ? found : null;
      });
      const health = Object.fromEntries(all.map(({ labels, health }) => [labels.job, health]));
      assert.deepEqual(health, { both: 'up', 'no password': 'down', 'no certificate': 'down', 'other name': 'down' });
      assert.match(all.find(({ labels }) => labels.job === 'no password')?.lastError ?? '', /401/);

      const who = ['--cert', tls.cert_file, '--key', tls.key_file, '--user', `prometheus:${PASSWORD}`];
      assert.equal(await curl(...who), '000', 'the new authority is not trusted yet');
      file('server.pem', young.good.cert);
      file('server.key', young.good.key);
      await inside.until('the new certificate', async () => ((await curl(...who)) === '200' ? 'yes' : null));
      const query = async (text: string) => {
        const { data } = JSON.parse(
          await inside.get(`${PROMETHEUS_AT}/api/v1/query?query=${encodeURIComponent(text)}`),
        );
        return data.result as { values: [number, string][] }[];
      };
      const changed = Date.now() / 1000;
      await inside.until('a scrape after that', async () => {
        const found = await query(`timestamp(up{job="both"}) > ${changed + 1}`);
        return found.length > 0 ? 'yes' : null;
      });
      // All since the first that worked.
      const [{ values } = { values: [] }] = await query('up{job="both"}[5m]');
      const since = values.findIndex(([, up]) => up === '1');
      assert.ok(values.filter(([at]) => at > changed).length > 0);
      assert.deepEqual(
        values.slice(since).filter(([, up]) => up !== '1'),
        [],
      );
      const log = inside.log('lastport');
      assert.ok(log.includes('web configuration reloaded'), log);
      assert.ok(!log.includes(PASSWORD) && !log.includes('$2'), 'a secret in the log');
    } finally {
      await inside.close();
    }
  });

  it('is missed, in the log, where others than this host may read', { timeout: 30_000 }, async () => {
    const inside = await Inside.open({ listens: false, starts: false });
    try {
      const run = [
        process.execPath,
        LASTPORT,
        'run',
        '--netns',
        'self',
        '--probe-socket',
        'off',
        '--listen',
        '0.0.0.0:9477',
      ];
      await inside.start('lastport', run);
      await inside.until('a warning', async () =>
        /"warn".*anyone who reaches this address can read it: give --web-config FILE/.test(inside.log('lastport'))
          ? 'yes'
          : null,
      );
    } finally {
      await inside.close();
    }
  });
});
