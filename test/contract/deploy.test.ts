// The files of docs/deploy/, as those who read them would check them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parse } from 'yaml';
import { METRIC_NAMES } from '../../exporters/metrics.ts';
import { prometheusRules } from '../../exporters/rules/rules.ts';
import { root } from '../support/golden.ts';
import { needs } from '../support/needs.ts';
import { ruleOptions } from '../support/rule-options.ts';

const DEPLOY = `${root}docs/deploy`;
const read = (path: string) => readFileSync(`${DEPLOY}/${path}`, 'utf8');
const ALERTMANAGER = `${DEPLOY}/alertmanager/alertmanager.yml`;
/** As prometheus.yml has its targets. */
const RULES = prometheusRules(ruleOptions({ labels: ['cluster'] }));

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly record?: string; readonly expr: string }[] }[];
}
const records = (text: string) => (parse(text) as RuleFile).groups.flatMap(({ rules }) => rules);

const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status, stdout, text: `${stdout}${stderr}` };
};

describe('docs/deploy/prometheus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-deploy-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is a configuration that Prometheus takes, with what lastport rules prints beside it', {
    skip: needs('promtool'),
  }, () => {
    cpSync(`${DEPLOY}/prometheus`, folder, { recursive: true });
    writeFileSync(join(folder, 'lastport-rules.yml'), RULES);
    const config = run('promtool', 'check', 'config', '--lint-fatal', join(folder, 'prometheus.yml'));
    assert.equal(config.status, 0, config.text);
    assert.match(config.text, /SUCCESS: 2 rule files found/);
    const rules = run('promtool', 'check', 'rules', '--lint-fatal', join(folder, 'lastport-fleet.yml'));
    assert.equal(rules.status, 0, rules.text);
  });

  it('records nothing that lastport rules records, and from metrics that there are', () => {
    const fleet = records(read('prometheus/lastport-fleet.yml'));
    const printed = new Set(records(RULES).map(({ record }) => record));
    assert.ok(fleet.length > 5 && printed.size > 5);
    assert.deepEqual(
      fleet.filter(({ record }) => printed.has(record)),
      [],
    );
    for (const { expr } of fleet) {
      for (const [name] of expr.matchAll(/\blastport_\w+/g)) assert.ok((METRIC_NAMES as string[]).includes(name), name);
    }
  });
});

describe('docs/deploy/alertmanager', () => {
  it('is a configuration that Alertmanager takes', { skip: needs('amtool') }, () => {
    const { status, text } = run('amtool', 'check-config', ALERTMANAGER);
    assert.equal(status, 0, text);
    assert.match(text, /2 inhibit rules/);
  });

  it('leads critical alerts to the pager, others to the mail', { skip: needs('amtool') }, () => {
    for (const [severity, receiver] of [
      ['critical', 'pager'],
      ['warning', 'mail'],
    ]) {
      const labels = ['alertname=LastportHeadroomLow', `severity=${severity}`];
      const { stdout } = run('amtool', 'config', 'routes', 'test', `--config.file=${ALERTMANAGER}`, ...labels);
      assert.equal(stdout.trim(), receiver);
    }
  });

  it('groups and inhibits as lastport rules says', () => {
    const comment = RULES.split('\n').filter((line) => line.startsWith('#   '));
    const said = parse(comment.map((line) => line.slice(4)).join('\n')) as {
      route: { group_by: string[] };
      inhibit_rules: { source_matchers: string; target_matchers: string; equal: string[] }[];
    };
    const { route, inhibit_rules } = parse(read('alertmanager/alertmanager.yml')) as {
      route: { routes: { group_by: string[] }[] };
      inhibit_rules: { equal: string[] }[];
    };
    assert.deepEqual(route.routes[0]?.group_by, said.route.group_by);
    assert.deepEqual(inhibit_rules[0]?.equal, said.inhibit_rules[0]?.equal);
  });
});

describe('docs/deploy/grafana', () => {
  it('asks a Prometheus as often as it scrapes', () => {
    const { datasources } = parse(read('grafana/provisioning/datasources/lastport.yaml')) as {
      datasources: { type: string; jsonData: { timeInterval: string } }[];
    };
    const { global } = parse(read('prometheus/prometheus.yml')) as { global: { scrape_interval: string } };
    assert.deepEqual(
      datasources.map(({ type, jsonData }) => [type, jsonData.timeInterval]),
      [['prometheus', global.scrape_interval]],
    );
  });

  it('reads the dashboards from where it says that they go', () => {
    const text = read('grafana/provisioning/dashboards/lastport.yaml');
    const { providers } = parse(text) as { providers: { type: string; options: { path: string } }[] };
    assert.equal(providers[0]?.type, 'file');
    assert.match(text, new RegExp(`lastport dashboard > ${providers[0]?.options.path}/host.json`));
    assert.match(text, new RegExp(`lastport dashboard --fleet > ${providers[0]?.options.path}/fleet.json`));
  });
});

describe('docs/grafana.md', () => {
  it('links to files that there are', () => {
    const text = readFileSync(`${root}docs/grafana.md`, 'utf8');
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path]) => path!);
    assert.ok(links.length > 8);
    for (const path of links.filter((one) => !one.endsWith('/'))) {
      assert.ok(readFileSync(`${root}docs/${path}`, 'utf8').length > 0, path);
    }
  });
});
