import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Alerting, rulesOf, type SinkParts, sinksOf } from '../../agent/alerting.ts';
import { type Config, loadConfig } from '../../agent/config/config.ts';
import type { Alert } from '../../agent/model/alert.ts';
import type { AlertSink, AlertSinkOptions } from '../../exporters/alert-sink.ts';
import { alertmanager } from '../../exporters/alertmanager.ts';
import { webhook } from '../../exporters/webhook.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';

async function config(flags: Record<string, unknown>): Promise<Config> {
  const readFile = () => assert.fail('there is no file');
  return (await loadConfig({ command: 'run', flags, env: {}, readFile })).config;
}

/** Sinks that only keep what they were made with. */
class Sink {
  readonly options: AlertSinkOptions;
  constructor(options: AlertSinkOptions) {
    this.options = options;
  }
}

const made = (given: Config, files: Record<string, string> = {}) => {
  const results: unknown[] = [];
  const parts = {
    alertSink: Sink as unknown as SinkParts['alertSink'],
    alertmanager,
    webhook,
    lookup: async () => [],
    now: () => 0,
    monotonic: () => 0,
    random: () => 0,
    readFile: (path: string) => files[path] ?? (assert.fail as (message: string) => never)(`ENOENT: ${path}`),
    onResult: (...result: unknown[]) => results.push(result),
  };
  const sinks = sinksOf(given, parts) as unknown as Sink[];
  return { options: sinks.map(({ options }) => options), results };
};

const FULL = destination({ headroomPorts: 0, headroomPortsLow: 0, usedPorts: 28_232, verdict: 'critical' });

describe('Alerting', () => {
  it('tells everybody what has changed, the receivers first, and ends with them', async () => {
    const told: string[] = [];
    const sink = {
      publish: (changed: readonly Alert[]) => told.push(`sink ${changed.length}`),
      close: async () => void told.push('closed'),
    } as unknown as AlertSink;
    const log = {
      publish: (changed: readonly Alert[], firing: readonly Alert[]) =>
        told.push(`log ${changed.length} of ${firing.length}`),
    };
    const alerting = new Alerting(rulesOf(await config({}), 'web-1:9477'), [log], [sink], () => 0);
    const look = assessment({ namespaces: [namespace({ destinations: [FULL] })] });
    alerting.publish(look);
    alerting.publish(look);
    await alerting.close();
    const [first, second, ...rest] = told;
    assert.match(first ?? '', /^sink [1-9]/);
    assert.match(second ?? '', /^log [1-9]/);
    assert.equal(rest[0], 'sink 0');
    assert.equal(rest.at(-1), 'closed');
  });
});

describe('rulesOf', () => {
  it('are those of the configuration, with an instance of its own where that gives one', async () => {
    const rules = rulesOf(await config({ 'alert-label': ['team=a'], 'alert-horizon': '5m' }), 'web-1:9477');
    assert.deepEqual([rules.labels, rules.thresholds.horizonSeconds], [{ team: 'a', instance: 'web-1:9477' }, 300]);
    assert.equal(rulesOf(await config({ 'alert-instance': 'x' }), 'web-1:9477').labels['instance'], 'x');
  });
});

describe('sinksOf', () => {
  it('are one for each receiver, by names that hold no secret and differ', async () => {
    const { options } = made(
      await config({
        alertmanager: ['http://u:s3cret@am:9093'],
        webhook: ['https://hooks.example/T0K3N', 'https://hooks.example/T1K4N'],
      }),
    );
    assert.deepEqual(
      options.map(({ name }) => name),
      ['alertmanager am:9093', 'webhook hooks.example', 'webhook hooks.example #2'],
    );
  });

  it('read the authorization again each time', async () => {
    const files = { '/token': 'Bearer a\n' };
    const given = await config({
      alertmanager: ['http://am:9093', 'http://b'],
      'alert-auth': ['http://am:9093=/token'],
    });
    const { options } = made(given, files);
    assert.equal(options[0]?.authorization(), 'Bearer a');
    files['/token'] = 'Bearer b';
    assert.deepEqual([options[0]?.authorization(), options[1]?.authorization()], ['Bearer b', null]);
  });

  it('say what is wrong with a file, and not what is in it', async () => {
    const auth = await config({ alertmanager: ['http://am:9093'], 'alert-auth': ['http://am:9093=/token'] });
    assert.throws(
      () => made(auth, { '/token': 'a s3cret\nof two lines' }),
      (error: Error) => {
        assert.match(error.message, /^--alert-auth: \/token does not hold one line/);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
    assert.throws(() => made(auth), /--alert-auth: cannot read \/token/);
    const elsewhere = await config({ alertmanager: ['http://am:9093'], 'alert-auth': ['http://ma:9093=/token'] });
    assert.throws(
      () => made(elsewhere, { '/token': 'x' }),
      /http:\/\/ma:9093 is no receiver; there is http:\/\/am:9093/,
    );
    const ca = await config({ alertmanager: ['https://am'], 'alert-ca': '/ca.pem' });
    assert.throws(() => made(ca, { '/ca.pem': 'nothing' }), /has no certificate; name a PEM file/);
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    assert.throws(() => made(ca, { '/ca.pem': broken }), /a certificate that cannot be read/);
  });
});
