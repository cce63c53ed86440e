// build.js [deb|tarball]… [x64|arm64]…: the packages of this version in packages/; what is not narrowed down is all of it.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDeb, type Release } from './deb.ts';
import { readText, settle } from './files.ts';
import { runProgram } from './run-program.ts';
import { bom } from './sbom.ts';
import { buildTarball } from './tarball.ts';
import { ARCHS, type Arch, layOut } from './tree.ts';

const KINDS = { deb: buildDeb, tarball: buildTarball };
type Kind = keyof typeof KINDS;

const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const { version } = JSON.parse(readText(join(root, 'package.json'))) as { version: string };
/** Where the packages go; LASTPORT_PACKAGES is for tests. */
const into = process.env['LASTPORT_PACKAGES'] ?? join(root, 'packages');

/** reproducible-builds.org: given, or the time of the last commit. */
function sourceSeconds(): number {
  const given =
    process.env['SOURCE_DATE_EPOCH'] ?? runProgram('git', ['log', '-1', '--format=%ct'], { cwd: root }).trim();
  if (!/^\d+$/.test(given)) throw new Error(`SOURCE_DATE_EPOCH: "${given}" is not a number of seconds since 1970`);
  return Number(given);
}

/** As other tools of Debian have it. */
function maintainer(): string {
  const { DEBFULLNAME = 'The Lastport authors', DEBEMAIL = 'lastport@localhost' } = process.env;
  return `${DEBFULLNAME} <${DEBEMAIL}>`;
}

function build(kinds: readonly Kind[], archs: readonly Arch[]): void {
  const release: Release = { root, version, seconds: sourceSeconds(), maintainer: maintainer() };
  const work = mkdtempSync(join(tmpdir(), 'lastport-package-'));
  mkdirSync(into, { recursive: true });
  try {
    for (const arch of archs) {
      const from = join(work, `tree-${arch}`);
      const tree = layOut(root, arch, from, work);
      settle(from, release.seconds);
      const made = kinds.map((kind) => KINDS[kind](release, arch, tree, from, into, work));
      const list = join(into, `lastport-${version}-linux-${arch}.cdx.json`);
      writeFileSync(list, bom(version, arch, tree.parts, release.seconds));
      for (const path of made) console.log(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
    }
    writeSums();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** For `sha256sum --check SHA256SUMS`. */
function writeSums(): void {
  const files = readdirSync(into).filter((name) => /^lastport[-_].*\.(deb|tar\.xz|cdx\.json)$/.test(name));
  const sums = files.sort().map((name) => {
    const hash = createHash('sha256').update(readFileSync(join(into, name)));
    return `${hash.digest('hex')}  ${name}\n`;
  });
  writeFileSync(join(into, 'SHA256SUMS'), sums.join(''));
}

const wanted = process.argv.slice(2);
const ALL_KINDS = Object.keys(KINDS) as Kind[];
const chosen = <Word extends string>(all: readonly Word[]): readonly Word[] => {
  const some = all.filter((word) => wanted.includes(word));
  return some.length > 0 ? some : all;
};
const known: readonly string[] = [...ALL_KINDS, ...ARCHS];
const odd = wanted.find((word) => !known.includes(word));
if (odd === undefined) {
  build(chosen(ALL_KINDS), chosen(ARCHS));
} else {
  console.error(`build: "${odd}" is no package; use ${known.join(', ')}`);
  process.exitCode = 64;
}
