// reproducible.js: whoever builds the same sources gets the same bytes: two builds in other folders, with another clock, another
// umask and another zone, are compared.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/golden.ts';

/** The tarball, in a folder with a blank in its name, by a link from elsewhere. */
function runsAnywhere(packages: string): void {
  const [name] = readdirSync(packages).filter((file) => file.endsWith('.tar.xz'));
  if (name === undefined) return;
  const at = join(folder, 'any where');
  mkdirSync(at);
  assert.equal(spawnSync('tar', ['xf', join(packages, name)], { cwd: at }).status, 0);
  symlinkSync(join(at, 'lastport/bin/lastport'), join(folder, 'lastport'));
  const { status, stdout, stderr } = spawnSync(join(folder, 'lastport'), ['check'], { encoding: 'utf8', env: {} });
  assert.ok(status !== null && status < 3, stderr);
  console.log(`ok  the tarball runs where it lies: ${stdout.split('\n', 1)[0]}`);
}

const folder = mkdtempSync(join(tmpdir(), 'lastport-reproducible-'));
try {
  const sums = [
    ['one', '022', 'UTC'],
    ['the-other-one', '077', 'Asia/Kathmandu'],
  ].map(([name = '', umask = '', zone = '']) => {
    const into = join(folder, name);
    mkdirSync(join(into, 'tmp'), { recursive: true });
    const env = { ...process.env, LASTPORT_PACKAGES: into, TMPDIR: join(into, 'tmp'), TZ: zone };
    const build = `umask ${umask}; exec "$@"`;
    const command = [process.execPath, `${root}dist/systemd/package/build.js`, 'x64', ...process.argv.slice(2)];
    const { status } = spawnSync('sh', ['-c', build, 'sh', ...command], { env, stdio: 'inherit' });
    assert.equal(status, 0);
    return readFileSync(join(into, 'SHA256SUMS'), 'utf8');
  });
  assert.equal(sums[0], sums[1]);
  runsAnywhere(join(folder, 'the-other-one'));
  console.log(`ok  built twice, the same bytes:\n${sums[0]}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
