import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

/** As GitHub makes them of headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** All places in a page that a link may lead to. */
function anchorsOf(page: string): Set<string> {
  const text = page.replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id!)]);
}

describe('the pages', () => {
  const pages = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'));

  for (const page of ['README.md', ...pages.map((name) => `docs/${name}`)]) {
    it(`${page} links to what there is`, () => {
      const text = read(page);
      for (const [link, path, anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)) {
        const target = path === '' ? page : join(dirname(page), path!);
        assert.ok(existsSync(`${root}${target}`), link);
        if (anchor !== '') assert.ok(anchorsOf(read(target)).has(anchor!), link);
      }
    });
  }

  it('are all in docs/README.md', () => {
    const index = read('docs/README.md');
    assert.deepEqual(
      pages.filter((name) => name !== 'README.md' && !index.includes(`](${name})`)),
      [],
    );
  });
});

describe('docs/install.md', () => {
  const text = read('docs/install.md');

  it('links to pages that there are', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, page]) => page!);
    assert.ok(links.length > 4);
    for (const page of links) assert.ok(read(`docs/${page}`).length > 0, page);
  });

  it('names files and scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, script] of text.matchAll(/npm run ([\w:]+)/g)) assert.ok(script! in scripts, script);
    for (const [path] of text.matchAll(/systemd\/[\w/.-]+\w/g)) {
      if (!text.includes(`/etc/${path}`)) assert.ok(read(path).length > 0, path);
    }
  });
});
