import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { METRIC_NAMES } from '../../exporters/metrics.ts';
import { root } from '../support/golden.ts';
import { needs } from '../support/needs.ts';

const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const absent = (names: readonly string[], text: string) => names.filter((name) => !text.includes(`\`${name}\``));

describe('docs/metrics.md', () => {
  const text = read('docs/metrics.md');

  it('lists every metric, and no other', () => {
    assert.deepEqual(absent(METRIC_NAMES, text), []);
    const named = [...text.matchAll(/\blastport_\w+/g)].map(([name]) => name);
    assert.deepEqual(
      named.filter((name) => !(METRIC_NAMES as string[]).includes(name)),
      [],
    );
  });

  it('has rules that Prometheus takes', { skip: needs('promtool') }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-rules-'));
    try {
      const path = join(folder, 'rules.yml');
      writeFileSync(path, text.match(/^groups:\n(?:.+\n)+?(?=```)/m)?.[0] ?? '');
      const { stdout, stderr } = spawnSync('promtool', ['check', 'rules', path], { encoding: 'utf8' });
      assert.match(stdout, /SUCCESS: 1 rules found/, stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('README.md', () => {
  it('links to pages that there are', () => {
    for (const [, page] of read('README.md').matchAll(/\]\(([^)#:]+)\)/g)) assert.ok(read(page!).length > 0, page);
  });
});
