import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { obstacle } from '../kernel/netns.ts';
import { A, B } from '../kernel/situations/places.ts';
import { needs } from '../support/needs.ts';
import { Inside, LASTPORT_AT, USABLE } from './inside.ts';
import { samples } from './samples.ts';

const PROMETHEUS_AT = '127.0.0.1:9090';
const SCRAPE_EVERY = '500ms';
const MOST_SERIES = 400;

/** What Prometheus says of a page that it could not get, read or keep; some of it at the level debug only. */
const COMPLAINT =
  /scrape failed|append failed|ingesting|duplicate sample|unexpected error|level=(warn|error).*scrape manager/i;

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface Target {
  readonly scrapeUrl: string;
  readonly health: string;
  readonly lastError: string;
}

const skip = needs('prometheus') || needs('promtool') || (await obstacle());
describe('Prometheus and lastport run', { skip }, () => {
  it('scrapes what is true, and forgets a destination that is gone', { timeout: 30_000 }, async () => {
    const inside = await Inside.open();
    try {
      const { net } = inside;
      await net.connect({ to: A, count: 120, name: 'a' });
      await net.connect({ to: B, count: 200, name: 'b' });
      const connected = Date.now() / 1000;
      await startPrometheus(inside);
      await inside.until('a scrape of a look after the connections', () =>
        some(inside, `lastport_last_tick_timestamp_seconds > ${connected}`),
      );

      const target = { instance: LASTPORT_AT, job: 'lastport' };
      assert.deepEqual(await values(inside, 'up'), [{ labels: { __name__: 'up', ...target }, value: 1 }]);
      const netns = await inside.inode();
      // Without remote_name: a label that is empty is none to Prometheus.
      const one = { ...target, netns, local: '10.9.0.1' };
      const headroom = (destination: string, value: number) => ({
        labels: { __name__: 'lastport_destination_headroom_ports', ...one, destination },
        value,
      });
      const found = await values(inside, `lastport_destination_headroom_ports{destination=~"10[.]9[.].*"}`);
      assert.deepEqual(
        found.sort((a, b) => b.value - a.value),
        [headroom(A, USABLE - 120), headroom(B, USABLE - 200)],
      );
      const kinds = await values(inside, `lastport_ephemeral_ports{kind="usable"}`);
      assert.deepEqual(
        kinds.map(({ value }) => value),
        [USABLE],
      );

      // The other side closes first, so that no TIME_WAIT is left here.
      await net.hangUp('a', 'server');
      await inside.until('no series of a destination without connections', async () => {
        const left = await values(inside, `{__name__=~"lastport_destination_.*", destination="${A}"}`);
        return left.length === 0 ? 'none' : null;
      });
      const still = await values(inside, `lastport_destination_used_ports{destination="${B}"}`);
      assert.deepEqual(
        still.map(({ value }) => value),
        [200],
      );

      const log = inside.log('prometheus');
      assert.match(log, /Server is ready to receive web requests/);
      assert.deepEqual(
        log.split('\n').filter((line) => COMPLAINT.test(line)),
        [],
      );

      // Over all scrapes, not only the last one.
      const [worst] = await values(inside, 'min_over_time(up[5m])');
      assert.equal(worst?.value, 1, 'a scrape failed');
      const [most] = await values(inside, 'max_over_time(scrape_samples_scraped[5m])');
      assert.ok(most !== undefined && most.value > 100 && most.value <= MOST_SERIES, `${most?.value} series`);
      const { activeTargets } = await api<{ activeTargets: Target[] }>(inside, 'targets');
      assert.deepEqual(
        activeTargets.map(({ scrapeUrl, health, lastError }) => ({ scrapeUrl, health, lastError })),
        [{ scrapeUrl: `http://${LASTPORT_AT}/metrics`, health: 'up', lastError: '' }],
      );
      // In the text format it is the sample's name that has a type, in OpenMetrics the family's, without _total.
      const known = await api<Record<string, { type: string }[]>>(inside, 'metadata?metric=lastport_tcp_active_opens');
      assert.equal(known['lastport_tcp_active_opens']?.[0]?.type, 'counter', 'OpenMetrics was negotiated');
      assert.equal((await values(inside, 'lastport_tcp_active_opens_total')).length, 1);
    } finally {
      await inside.close();
    }
  });

  it('promtool has nothing to say against the page of the running daemon', { timeout: 30_000 }, async () => {
    const inside = await Inside.open();
    try {
      await inside.net.connect({ to: A, count: 120, name: 'a' });
      const page = await inside.freshMetrics();
      assert.ok(samples(page).some(({ labels }) => labels['destination'] === A));
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
      assert.equal(`${stdout}${stderr}`, '');
      assert.equal(status, 0);
    } finally {
      await inside.close();
    }
  });
});

async function startPrometheus(inside: Inside): Promise<void> {
  const config = join(inside.folder, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: SCRAPE_EVERY, scrape_timeout: SCRAPE_EVERY },
      scrape_configs: [{ job_name: 'lastport', static_configs: [{ targets: [LASTPORT_AT] }] }],
    }),
  );
  await inside.start('prometheus', [
    'prometheus',
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(inside.folder, 'tsdb')}`,
    `--web.listen-address=${PROMETHEUS_AT}`,
    '--log.level=debug',
  ]);
}

async function api<Data>(inside: Inside, path: string): Promise<Data> {
  const { status, data } = JSON.parse(await inside.get(`${PROMETHEUS_AT}/api/v1/${path}`));
  assert.equal(status, 'success');
  return data;
}

async function values(inside: Inside, query: string) {
  const { result } = await api<{ result: Series[] }>(inside, `query?query=${encodeURIComponent(query)}`);
  return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

async function some(inside: Inside, query: string) {
  const found = await values(inside, query);
  return found.length > 0 ? found : null;
}
