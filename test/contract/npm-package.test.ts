// What `npm publish` would publish.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { partsOf } from '../../systemd/package/production.ts';
import { root } from '../support/golden.ts';
import { sourcesOf } from '../support/imports.ts';

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  name: string;
  bin: { lastport: string };
  exports: Record<string, string>;
  dependencies: Record<string, string>;
};

describe('the npm package', () => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  const [packed] = JSON.parse(stdout) as { files: { path: string }[]; unpackedSize: number }[];
  const files = packed!.files.map(({ path }) => path).sort();

  it('holds what was built from each source that runs, and no other', () => {
    const built = [...sourcesOf(root).keys()]
      .filter((path) => !/^(exporters\/grafana|systemd)\//.test(path))
      .map((path) => `dist/${path.replace(/\.ts$/, '.js').replace(/\.cts$/, '.cjs')}`);
    const expected = [...built, 'dist/collectors/undici/bundle.cjs'].sort();
    assert.deepEqual(
      files.filter((path) => path.startsWith('dist/')),
      expected,
    );
  });

  it('holds beside that only what is read when it runs, and what people read first', () => {
    const rest = files.filter((path) => !path.startsWith('dist/') && !path.startsWith('systemd/'));
    assert.deepEqual(rest, [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'exporters/grafana/fleet.json',
      'exporters/grafana/host.json',
      'exporters/page/icon.svg',
      'exporters/page/index.html',
      'exporters/page/page.css',
      'package.json',
    ]);
    const units = files.filter((path) => path.startsWith('systemd/'));
    assert.ok(units.includes('systemd/lastport.service'));
    for (const path of units) assert.doesNotMatch(path, /^systemd\/package\/|\.ts$/);
  });

  it('is small', () => assert.ok(packed!.unpackedSize < 2_000_000, `${packed!.unpackedSize} bytes`));

  it('has what it exports and what it starts', () => {
    for (const path of [manifest.bin.lastport, ...Object.values(manifest.exports)]) {
      assert.ok(files.includes(path.replace('./', '')), path);
    }
  });

  it('names every package that it needs, once', () => {
    const direct = new Set(partsOf(root).map(({ name }) => name));
    for (const name of Object.keys(manifest.dependencies)) assert.ok(direct.has(name), name);
  });

  it('has nothing that publint finds wrong', async () => {
    const { messages } = await publint({ pkgDir: root, level: 'suggestion', strict: true, pack: 'npm' });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, manifest)),
      [],
    );
  });
});
