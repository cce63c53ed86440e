import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from './deb.ts';
import { copy, filesBelow, put, settle } from './files.ts';
import { lastportPage, yamlPage } from './man-pages.ts';
import { commentedYaml, environmentFile } from './options-text.ts';
import { runProgram } from './run-program.ts';
import { type Arch, layOutDocs, type Tree } from './tree.ts';

/** Runs wherever it lies, and where a link to it does. */
const LAUNCHER = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/../lib/lastport/bin/node" "$here/../lib/lastport/dist/agent/main.js" "$@"
`;

/** Makes the tarball of a tree below `into`: one folder, lastport/, that runs from anywhere. Returns its path. */
export function buildTarball(
  release: Release,
  arch: Arch,
  tree: Tree,
  from: string,
  into: string,
  work: string,
): string {
  const { root, version, seconds } = release;
  const top = join(work, `tarball-${arch}`);
  const at = join(top, 'lastport');
  const edition = { version, date: new Date(seconds * 1000).toISOString().slice(0, 10) };
  cpSync(from, join(at, 'lib/lastport'), { recursive: true });
  put(join(at, 'bin/lastport'), LAUNCHER, 0o755);
  put(join(at, 'etc/lastport.default'), environmentFile());
  put(join(at, 'etc/lastport.yaml'), commentedYaml());
  put(join(at, 'share/man/man1/lastport.1'), lastportPage(edition));
  put(join(at, 'share/man/man5/lastport.yaml.5'), yamlPage(edition));
  put(join(at, 'share/doc/lastport/copyright'), tree.copyright('lib/lastport'));
  layOutDocs(root, join(at, 'share/doc/lastport'));
  copy(join(root, 'CHANGELOG.md'), join(at, 'share/doc/lastport/CHANGELOG.md'));
  copy(join(root, 'systemd/package/INSTALL.md'), join(at, 'INSTALL.md'));
  for (const file of filesBelow(join(root, 'systemd'))) {
    if (!file.startsWith('package/')) copy(join(root, 'systemd', file), join(at, 'systemd', file));
  }
  settle(top, seconds);
  const path = join(into, `lastport-${version}-linux-${arch}.tar.xz`);
  const same = ['--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner'];
  runProgram('tar', [...same, '-C', top, '-cJf', path, 'lastport'], { env: { XZ_OPT: '-6 -T1' } });
  return path;
}
