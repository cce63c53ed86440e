import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { prometheusRules, type RuleOptions } from '../../exporters/rules/rules.ts';

interface Rules {
  readonly groups: readonly { readonly rules: { readonly alert?: string; annotations?: object }[] }[];
}

/** Plays these tests to `promtool test rules`, which must find nothing. `isBare`: without what the rules say to people. */
export function playRules(options: RuleOptions, tests: readonly object[], { isBare = true } = {}): void {
  const rules = parse(prometheusRules(options)) as Rules;
  if (isBare) for (const rule of rules.groups.flatMap((group) => group.rules)) delete rule.annotations;
  playTests({ rule_files: ['rules.yml'], tests }, { 'rules.yml': stringify(rules) });
}

/** Plays a test file of promtool's, beside these other files. */
export function playTests(test: object, files: Readonly<Record<string, string>> = {}): void {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-rules-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, 'test.yml'), stringify(test));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test.yml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
