// deb.js [FILE.deb]: the package on a Debian that was installed a minute ago: installed, started as the unit would, trouble made,
// upgraded, removed and purged. As root, with debootstrap; without a file it builds one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from '../support/golden.ts';
import { type CleanRoot, cleanRoot, debootstrap, inventory } from './clean-root.ts';
import { builtAsContainer } from './container.ts';
import { repacked } from './repack.ts';
import { asksSystemd } from './service-calls.ts';
import { makeTrouble, startedAsUnit } from './trouble.ts';

const CONFIG = '/etc/lastport/lastport.yaml';
const ENABLED = '/etc/systemd/system/multi-user.target.wants/lastport.service';
/** passwd(5) and its like leave copies of what was there before; dpkg and systemd folders of their own. */
const OTHERS =
  /^\/etc\/((passwd|group|shadow|gshadow|subuid|subgid)-|\.pwd\.lock)$|^\/var\/lib\/systemd(\/|$)|^\/var\/log\//;

const versionOf = ({ must }: CleanRoot): string => must('dpkg-query', '-W', 'lastport').trim().split('\t')[1]!;

/** A link leads to nowhere from outside the root. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const told = (line: string) => console.log(`ok  ${line}`);

function installed({ must, run }: CleanRoot, version: string): void {
  assert.equal(must('lastport', '--version').trim(), version);
  assert.match(must('id', 'lastport'), /\(lastport\) gid=\d+\(lastport\)/);
  assert.equal(run('systemctl', '--version').status, 127, 'a root without systemd');
  const check = run('lastport', 'check');
  assert.equal(check.status, 0, check.text);
  assert.match(check.text, /^OK /);
}

async function tryIt(at: string, deb: string): Promise<void> {
  debootstrap(at);
  const clean = await cleanRoot(at);
  try {
    const before = inventory(clean);
    copyFileSync(deb, join(at, 'tmp/first.deb'));
    clean.must('dpkg', '-i', '/tmp/first.deb');
    const version = versionOf(clean).replace(/-\d+$/, '');
    installed(clean, version);
    assert.equal(clean.must('dpkg', '--verify', 'lastport'), '');
    assert.ok(isThere(join(at, ENABLED)));
    told('installed with nothing but what debootstrap brings; lastport check answers; the service is enabled');

    const daemon = await startedAsUnit(clean);
    await makeTrouble(clean, daemon);
    told('started as the unit would, without a right; metrics served; the last port taken and the alert in the log');

    appendFileSync(join(at, CONFIG), 'tick: 2s\n');
    // As systemctl disable does.
    rmSync(join(at, ENABLED));
    const edited = readFileSync(join(at, CONFIG), 'utf8');
    for (const [name, news] of [
      ['9.9.8-1', ''],
      ['9.9.9-1', '# A setting that is new.\n'],
    ] as const) {
      repacked(join(at, 'tmp/first.deb'), join(at, 'tmp/next.deb'), name, news);
      clean.must('dpkg', '--force-confold', '-i', '/tmp/next.deb');
      assert.equal(readFileSync(join(at, CONFIG), 'utf8'), edited);
      assert.equal(versionOf(clean), name);
    }
    installed(clean, version);
    assert.ok(!isThere(join(at, ENABLED)));
    told(
      'upgraded twice, with and without a new default: edited settings are as they were, a disabled service stays so',
    );

    await daemon.end('TERM');
    clean.must('dpkg', '-r', 'lastport');
    assert.ok(!existsSync(join(at, 'usr/lib/lastport')) && !existsSync(join(at, 'usr/bin/lastport')));
    assert.equal(readFileSync(join(at, CONFIG), 'utf8'), edited);
    clean.must('dpkg', '--force-confold', '-i', '/tmp/first.deb');
    assert.equal(readFileSync(join(at, CONFIG), 'utf8'), edited);
    told('removed, and installed again: the settings have outlived it');

    clean.must('dpkg', '-P', 'lastport');
    const after = inventory(clean);
    const left = [...after].filter((name) => !before.has(name) && !OTHERS.test(name));
    const gone = [...before].filter((name) => !after.has(name));
    assert.deepEqual({ left, gone }, { left: [], gone: [] });
    told(`purged: of ${before.size} files, folders, users and groups none is more and none is less`);

    asksSystemd(clean);
    told('where systemd runs, the service is started, restarted by an upgrade, and stopped when it goes');

    builtAsContainer(clean, deb, version);
    told('the steps of the Containerfile make a root in which its user gets an answer');
  } finally {
    await clean.close();
  }
}

function needed(): string | null {
  if (process.getuid?.() !== 0) return 'root';
  const missing = ['debootstrap', 'unshare', 'nsenter', 'ip', 'curl', 'dpkg-deb'].find(
    (program) => spawnSync(program, ['--version']).error !== undefined,
  );
  return missing ?? null;
}

const need = needed();
if (need !== null) {
  console.log(`skipped: needs ${need}`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-deb-'));
  try {
    const [given] = process.argv.slice(2);
    if (given === undefined) {
      const env = { ...process.env, LASTPORT_PACKAGES: folder };
      const built = spawnSync(process.execPath, [`${root}dist/systemd/package/build.js`, 'deb'], {
        env,
        stdio: 'inherit',
      });
      assert.equal(built.status, 0);
    }
    const version = (JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }).version;
    await tryIt(
      join(folder, 'root'),
      given === undefined ? join(folder, `lastport_${version}-1_amd64.deb`) : resolve(given),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
