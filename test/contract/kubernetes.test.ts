// docs/deploy/kubernetes and `lastport rules --format prometheusrule`, against the schemas of Kubernetes and of the operator.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PodMonitor, PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { PriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1';
import { Namespace } from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { FIELDS, OPTIONS } from '../../agent/config/options.ts';
import { prometheusRuleObject, ruleFile } from '../../exporters/rules/rules.ts';
import { root } from '../support/golden.ts';
import { lastport } from '../support/program.ts';
import { ruleOptions } from '../support/rule-options.ts';

interface Kind {
  readonly from: string;
  readonly type: string;
  readonly validate: (object: never) => void;
}
const OPERATOR = '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
const KINDS: Readonly<Record<string, Kind>> = {
  Namespace: { from: 'kubernetes-models/v1', type: 'INamespace', validate: (one) => new Namespace(one).validate() },
  PriorityClass: {
    from: 'kubernetes-models/scheduling.k8s.io/v1',
    type: 'IPriorityClass',
    validate: (one) => new PriorityClass(one).validate(),
  },
  DaemonSet: {
    from: 'kubernetes-models/apps/v1',
    type: 'IDaemonSet',
    validate: (one) => new DaemonSet(one).validate(),
  },
  PodMonitor: { from: OPERATOR, type: 'IPodMonitor', validate: (one) => new PodMonitor(one).validate() },
  PrometheusRule: { from: OPERATOR, type: 'IPrometheusRule', validate: (one) => new PrometheusRule(one).validate() },
};

interface Manifest {
  readonly kind: string;
}
const manifests = (text: string) => parseAllDocuments(text).map((one) => one.toJS() as Manifest);
const read = (name: string) => readFileSync(`${root}docs/deploy/kubernetes/${name}`, 'utf8');

/** What the API server says to them with fieldValidation=Strict: wrong values by the schema, unknown fields by its types. */
function complaints(objects: readonly Manifest[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-kubernetes-'));
  try {
    symlinkSync(`${root}node_modules`, join(folder, 'node_modules'));
    const lines = objects.map((object, index) => {
      const { from, type, validate } = KINDS[object.kind]!;
      validate(object as never);
      return `import type { ${type} as T${index} } from '${from}';\nexport const o${index}: T${index} = ${JSON.stringify(object)};`;
    });
    writeFileSync(join(folder, 'objects.ts'), lines.join('\n'));
    const args = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', 'objects.ts'];
    return spawnSync(`${root}node_modules/.bin/tsc`, args, { cwd: folder, encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('docs/deploy/kubernetes', () => {
  const objects = [...manifests(read('lastport.yaml')), ...manifests(read('podmonitor.yaml'))];
  const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet') as unknown as {
    spec: {
      template: {
        spec: {
          containers: { args: string[]; securityContext: { capabilities: unknown }; volumeMounts: object[] }[];
          automountServiceAccountToken: boolean;
        };
      };
    };
  };
  const pod = daemonSet.spec.template.spec;

  it('is what Kubernetes and the operator take, to the last field', () => {
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      ['Namespace', 'PriorityClass', 'DaemonSet', 'PodMonitor'],
    );
    assert.equal(complaints(objects), '');
  });

  it('is held against schemas that know a wrong value and an unknown field', () => {
    const edited = (from: string, to: string) => manifests(read('lastport.yaml').replace(from, to));
    assert.throws(() => complaints(edited('periodSeconds: 10', 'periodSeconds: often')), /periodSeconds.*integer/);
    assert.match(complaints(edited('readOnlyRootFilesystem', 'readOnlyRootFileSystem')), /readOnlyRootFileSystem/);
  });

  it('gives the daemon options that there are', () => {
    const flags: string[] = FIELDS.map((field) => OPTIONS[field].flag);
    const given = pod.containers[0]!.args.slice(1).map((argument) => /^--([a-z-]+)=/.exec(argument)?.[1]);
    assert.ok(given.length > 5);
    assert.deepEqual(
      given.filter((flag) => !flags.includes(flag ?? '')),
      [],
    );
  });

  it('has no right but those with a reason beside them', () => {
    assert.equal(pod.automountServiceAccountToken, false);
    const { capabilities } = pod.containers[0]!.securityContext;
    assert.deepEqual(capabilities, { drop: ['ALL'], add: ['SYS_PTRACE', 'DAC_READ_SEARCH', 'SYS_ADMIN'] });
    const [, list = ''] = /\n( +)add:\n([\s\S]*?)\n +#[^\n]*\n +appArmor/.exec(read('lastport.yaml'))?.slice(1) ?? [];
    for (const [, before] of list.matchAll(/(.*)\n +- [A-Z_]+/g)) assert.match(before!, /^ +# \S/);
  });
});

describe('lastport rules --format prometheusrule', () => {
  it('prints the same rules, in an object that the operator takes', () => {
    for (const options of [
      ruleOptions(),
      ruleOptions({ hasNat: true, dashboardUrl: 'http://g/d', labels: ['cluster'] }),
    ]) {
      const object = parse(prometheusRuleObject(options)) as Manifest & { spec: unknown };
      assert.equal(complaints([object]), '');
      assert.deepEqual(object.spec, JSON.parse(JSON.stringify(ruleFile(options))));
    }
  });

  it('is one of three formats of the command, and no other command knows it', () => {
    const { status, stdout } = lastport(['rules', '--format', 'prometheusrule']);
    assert.equal(status, 0);
    assert.equal((parse(stdout) as Manifest).kind, 'PrometheusRule');
    const json = JSON.parse(lastport(['rules', '--format', 'json']).stdout);
    assert.deepEqual(json, parse(lastport(['rules']).stdout));
    const wrong = lastport(['rules', '--format', 'xml']);
    assert.deepEqual([wrong.status, wrong.stdout], [64, '']);
    assert.match(wrong.stderr, /^lastport: --format: "xml" will not do; use table, json or prometheusrule\n$/);
    const other = lastport(['check', '--format', 'prometheusrule']);
    assert.equal(other.status, 64);
    assert.match(other.stderr, /^lastport: --format: "prometheusrule" will not do; use table or json\n$/);
  });
});
