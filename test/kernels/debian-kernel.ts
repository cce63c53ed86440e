import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A kernel of Debian's as its package has it, unpacked and not installed. */
export interface DebianKernel {
  /** linux-image-5.10.0-32-amd64 5.10.223-1 */
  readonly package: string;
  /** What uname -r says in it. */
  readonly release: string;
  readonly image: string;
  /** Holds lib/modules. */
  readonly folder: string;
}

/**
 * The kernel that `linux-image-amd64` of a suite stands for, from the mirror that this machine's apt uses, checked by
 * apt with Debian's keys. apt's own lists and sources are left alone: everything lies below `cache`.
 */
export function debianKernel(suite: string, cache: string): DebianKernel {
  const home = join(cache, suite);
  for (const part of ['lists/partial', 'archives/partial', 'download'])
    mkdirSync(join(home, part), { recursive: true });
  const sources = join(home, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${KEYS}] ${mirror()} ${suite} main\n`);
  const options = Object.entries({
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(home, 'lists'),
    'Dir::Cache': home,
    // The package cache of the machine knows other suites.
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    // What has ended is older than its signature allows.
    'Acquire::Check-Valid-Until': 'false',
    'APT::Sandbox::User': 'root',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const apt = (program: string, ...args: string[]) =>
    execFileSync(program, [...options, ...args], { cwd: join(home, 'download'), encoding: 'utf8' });
  apt('apt-get', '-qq', 'update');
  const name = /^ *Depends: (linux-image-\S+)/m.exec(apt('apt-cache', 'depends', `linux-image-amd64/${suite}`))?.[1];
  if (name === undefined) throw new Error(`Cannot find a kernel in ${suite}: linux-image-amd64 depends on none`);
  const version = /^Version: (\S+)/m.exec(apt('apt-cache', 'show', '--no-all-versions', name))?.[1];
  const folder = join(home, `${name}_${version}`);
  if (!existsSync(folder)) {
    apt('apt-get', '-qq', 'download', name);
    unpack(join(home, 'download'), folder);
  }
  const release = name.replace('linux-image-', '');
  return { package: `${name} ${version}`, release, image: join(folder, `boot/vmlinuz-${release}`), folder };
}

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Of Debian itself, not of its security updates. */
function mirror(): string {
  const targets = execFileSync(
    'apt-get',
    ['indextargets', '--format', '$(ORIGIN) $(REPO_URI)', 'Created-By: Packages'],
    {
      encoding: 'utf8',
    },
  );
  const uri = /^Debian (\S+\/debian\/?)$/m.exec(targets)?.[1];
  if (uri === undefined)
    throw new Error('Cannot find a mirror of Debian: apt-get indextargets names none; apt-get update');
  return uri;
}

function unpack(downloads: string, folder: string): void {
  const [file] = readdirSync(downloads).filter((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error(`Cannot unpack a kernel: apt-get download left nothing in ${downloads}`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  execFileSync('dpkg-deb', ['-x', join(downloads, file), partial]);
  // From trixie on the modules lie below usr/, as they do on a machine with one /usr.
  if (!existsSync(join(partial, 'lib'))) execFileSync('ln', ['-s', 'usr/lib', join(partial, 'lib')]);
  const [release = ''] = readdirSync(join(partial, 'lib/modules'));
  execFileSync('depmod', ['-b', partial, release]);
  rmSync(join(downloads, file));
  execFileSync('mv', [partial, folder]);
}
