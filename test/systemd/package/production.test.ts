import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { assertAllowed, copyrightFile } from '../../../systemd/package/licences.ts';
import { partsOf } from '../../../systemd/package/production.ts';
import { bom } from '../../../systemd/package/sbom.ts';
import { root } from '../../support/golden.ts';

const parts = partsOf(root);

describe('what is installed with Lastport', () => {
  it('is what it needs when it runs, and nothing of what it is made with', () => {
    const names = new Set(parts.map(({ name }) => name));
    for (const name of ['koffi', 'pino', 'undici', 'yargs', 'sonic-boom', 'y18n']) assert.ok(names.has(name), name);
    for (const name of ['typescript', 'esbuild', 'fast-check', 'knip']) assert.ok(!names.has(name), name);
    assert.ok(parts.length < 60, `${parts.length}`);
  });

  it('is under licences that ask for no more than to be named', () => {
    assertAllowed(parts);
    assert.throws(() => assertAllowed([{ name: 'x', license: 'AGPL-3.0' }]), /^Error: x is under AGPL-3\.0/);
  });

  it('has its place, its holder and its licence in the copyright file', () => {
    const text = copyrightFile(readFileSync(`${root}LICENSE`, 'utf8'), parts);
    for (const { folder, license } of parts) {
      const paragraph = text.split('\n\n').find((one) => one.startsWith(`Files: ${folder}/*\n`));
      assert.match(paragraph ?? '', new RegExp(`\nCopyright: \\S.*(\n .*)*\nLicense: ${license}\n \\S`), folder);
    }
    // Nothing but fields, and what goes on from the line before.
    for (const line of text.split('\n')) assert.match(line, /^$|^ \S|^ {2,}\S|^[A-Z][A-Za-z-]+: \S/);
  });

  it('is refused where nobody says what may be done with it', () => {
    const silent = [{ ...parts[0]!, name: 'silent', texts: [] }];
    assert.throws(() => copyrightFile('MIT', silent), /brings no text of its licence/);
  });
});

describe('bom', () => {
  const text = bom('1.2.3', 'x64', parts, 1_795_824_123);
  const document = JSON.parse(text);

  it('has each package once, with where it comes from and its checksum', () => {
    const refs = document.components.map((one: { 'bom-ref': string }) => one['bom-ref']);
    assert.equal(new Set(refs).size, refs.length);
    assert.equal(refs.length, new Set(parts.map(({ name, version }) => `${name}@${version}`)).size);
    for (const { purl, hashes, licenses } of document.components) {
      assert.match(purl, /^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/);
      assert.match(hashes[0].content, /^[0-9a-f]{128}$/);
      assert.equal(typeof licenses[0].license.id, 'string');
    }
    assert.deepEqual([document.bomFormat, document.specVersion], ['CycloneDX', '1.6']);
  });

  it('is the same for the same', () => assert.equal(bom('1.2.3', 'x64', parts, 1_795_824_123), text));
});

describe('the Node that comes along', () => {
  it('is one version for all, known by its checksum', () => {
    const lock = JSON.parse(readFileSync(`${root}systemd/package/node/package-lock.json`, 'utf8')) as {
      packages: Record<string, { version?: string; integrity?: string; cpu?: string }>;
    };
    const nodes = Object.entries(lock.packages).filter(([path]) => path !== '');
    assert.deepEqual(
      nodes.map(([, { cpu }]) => cpu),
      ['arm64', 'x64'],
    );
    assert.equal(new Set(nodes.map(([, { version }]) => version)).size, 1);
    for (const [, { integrity }] of nodes) assert.match(integrity ?? '', /^sha512-/);
  });
});
