import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { copy, filesBelow, gzipped, put, readText, settle, sizeOf } from './files.ts';
import { lastportPage, yamlPage } from './man-pages.ts';
import { commentedYaml, environmentFile } from './options-text.ts';
import { runProgram } from './run-program.ts';
import { type Arch, layOutDocs, type Tree } from './tree.ts';

export interface Release {
  /** The sources' folder. */
  readonly root: string;
  readonly version: string;
  /** Time of the sources, in seconds since 1970: that of all files. */
  readonly seconds: number;
  /** "Name <address>" */
  readonly maintainer: string;
}

/** As Debian calls them. */
const DEBIAN_ARCH: Readonly<Record<Arch, string>> = { x64: 'amd64', arm64: 'arm64' };

const HOME = 'usr/lib/lastport';
const DOC = 'usr/share/doc/lastport';

/** The packaging may change where the program does not. */
const REVISION = 1;

/** Makes the .deb of a tree below `into`, and returns its path. `work` is emptied by whoever made it. */
export function buildDeb(release: Release, arch: Arch, tree: Tree, from: string, into: string, work: string): string {
  const { root, seconds } = release;
  const own = join(root, 'systemd/package/debian');
  const at = join(work, `deb-${arch}`);
  cpSync(from, join(at, HOME), { recursive: true });
  program(at);
  services(root, at);
  documents(release, at);
  put(join(at, DOC, 'copyright'), tree.copyright(HOME));
  put(join(at, 'etc/default/lastport'), environmentFile());
  put(join(at, 'etc/lastport/lastport.yaml'), commentedYaml());
  copy(join(own, 'lintian-overrides'), join(at, 'usr/share/lintian/overrides/lastport'));
  const files = filesBelow(at);
  const size = sizeOf(at);
  for (const script of ['postinst', 'prerm', 'postrm']) copy(join(own, script), join(at, 'DEBIAN', script), 0o755);
  put(join(at, 'DEBIAN/conffiles'), files.flatMap((file) => (file.startsWith('etc/') ? `/${file}\n` : [])).join(''));
  put(
    join(at, 'DEBIAN/md5sums'),
    files
      .filter((file) => !file.startsWith('etc/'))
      .map(sum(at))
      .join(''),
  );
  put(join(at, 'DEBIAN/control'), control(readText(join(own, 'control')), release, arch, size));
  settle(at, seconds);
  const path = join(into, `lastport_${release.version}-${REVISION}_${DEBIAN_ARCH[arch]}.deb`);
  // More threads cut the data where their number says, and so make other bytes.
  runProgram('dpkg-deb', ['--root-owner-group', '-Zxz', '--threads-max=1', '--build', at, path], {
    env: { SOURCE_DATE_EPOCH: String(seconds) },
  });
  return path;
}

/** /usr/bin/lastport is the script itself, and names the Node that runs it: no shell between. */
function program(at: string): void {
  const main = join(at, HOME, 'dist/agent/main.js');
  put(main, readText(main).replace(/^#!.*/, `#!/${HOME}/bin/node`), 0o755);
  mkdirSync(join(at, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/lastport/dist/agent/main.js', join(at, 'usr/bin/lastport'));
}

/**
 * What lies in systemd/: units where systemd looks for them, users and folders that it is to make likewise. Drop-ins give
 * the service more rights than it is installed with; they wait in /usr/share/lastport until someone wants them.
 */
function services(root: string, at: string): void {
  const folder = join(root, 'systemd');
  for (const file of filesBelow(folder)) {
    if (file.startsWith('package/') || file.endsWith('.env')) continue;
    const [top = ''] = file.split('/');
    const isUnit = !file.includes('/') && /\.(service|socket|timer|path|target)$/.test(file);
    const isFor = /^(sysusers|tmpfiles)\.d$/.test(top);
    const into = isUnit ? 'usr/lib/systemd/system' : isFor ? 'usr/lib' : 'usr/share/lastport';
    copy(join(folder, file), join(at, into, file));
  }
}

function documents({ root, version, seconds, maintainer }: Release, at: string): void {
  const edition = { version, date: new Date(seconds * 1000).toISOString().slice(0, 10) };
  const news = [
    `lastport (${version}-${REVISION}) unstable; urgency=medium`,
    '',
    '  * What has changed: changelog.gz.',
    '',
    ` -- ${maintainer}  ${new Date(seconds * 1000).toUTCString().replace('GMT', '+0000')}`,
    '',
  ].join('\n');
  layOutDocs(root, join(at, DOC));
  put(join(at, DOC, 'changelog.gz'), gzipped(readFileSync(join(root, 'CHANGELOG.md'))));
  put(join(at, DOC, 'changelog.Debian.gz'), gzipped(news));
  put(join(at, 'usr/share/man/man1/lastport.1.gz'), gzipped(lastportPage(edition)));
  put(join(at, 'usr/share/man/man5/lastport.yaml.5.gz'), gzipped(yamlPage(edition)));
}

/** As md5sum(1) prints it; of what a link points to dpkg keeps none. */
const sum =
  (at: string) =>
  (file: string): string =>
    file === 'usr/bin/lastport'
      ? ''
      : `${createHash('md5')
          .update(readFileSync(join(at, file)))
          .digest('hex')}  ${file}\n`;

function control(text: string, { version, maintainer }: Release, arch: Arch, size: number): string {
  const values: Readonly<Record<string, string>> = {
    VERSION: `${version}-${REVISION}`,
    ARCH: DEBIAN_ARCH[arch],
    MAINTAINER: maintainer,
    SIZE: String(size),
  };
  return text.replace(/@([A-Z]+)@/g, (_, name: string) => values[name]!);
}
