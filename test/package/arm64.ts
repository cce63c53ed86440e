// arm64.js [FILE.deb]: the package for arm64: each of its programs is for that processor, and runs where one is played by QEMU. Needs
// root, debootstrap (for the libraries) and qemu-user-static; without a file it builds one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { filesBelow } from '../../systemd/package/files.ts';
import { root } from '../support/golden.ts';
import { debootstrap } from './clean-root.ts';

const LIBRARIES = /^(libc6|libgcc-s1|libstdc\+\+6|gcc-12-base)_/;
/** e_machine (elf(5)) */
const AARCH64 = 183;

/** e_machine of a file; null: it is no ELF. */
function machineOf(path: string): number | null {
  const head = Buffer.alloc(20);
  const fd = openSync(path, 'r');
  readSync(fd, head);
  closeSync(fd);
  return head.toString('latin1', 1, 4) === 'ELF' ? head.readUInt16LE(18) : null;
}

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 300_000 });
  if (error !== undefined) throw error;
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

function tryIt(folder: string, deb: string): void {
  const at = join(folder, 'tree');
  run('dpkg-deb', '-x', deb, at);
  assert.match(run('dpkg-deb', '-f', deb, 'Architecture'), /^arm64$/m);
  const programs = filesBelow(at).flatMap((file) => {
    const machine = file === 'usr/bin/lastport' ? null : machineOf(join(at, file));
    return machine === null ? [] : [{ file, machine }];
  });
  assert.deepEqual(
    programs.map(({ file }) => file.replace(/.*\//, '')),
    ['node', 'koffi.node'],
  );
  for (const { file, machine } of programs) assert.equal(machine, AARCH64, file);
  console.log(`ok  all programs are for aarch64: ${programs.map(({ file }) => file).join(', ')}`);

  const system = join(folder, 'system');
  debootstrap(system, '--arch=arm64', '--foreign');
  const archives = join(system, 'var/cache/apt/archives');
  for (const name of readdirSync(archives).filter((one) => LIBRARIES.test(one)))
    run('dpkg-deb', '-x', join(archives, name), system);
  const lastport = (...args: string[]) =>
    run(
      'qemu-aarch64-static',
      '-L',
      system,
      join(at, 'usr/lib/lastport/bin/node'),
      join(at, 'usr/lib/lastport/dist/agent/main.js'),
      ...args,
    );
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
  assert.equal(lastport('--version').trim(), version);
  mkdirSync(join(folder, 'proc'));
  for (const scenario of ['proc-net-tcp', 'proc-sys-net-ipv4', 'proc-net-counters']) {
    run('cp', '-r', `${root}test/fixtures/${scenario}/.`, join(folder, 'proc'));
  }
  const answer = JSON.parse(lastport('check', '--procfs', join(folder, 'proc'), '--format', 'json')) as {
    schema: string;
  };
  assert.equal(answer.schema, 'lastport/1');
  console.log('ok  under QEMU: its version, and lastport check on recorded files');
}

const folder = mkdtempSync(join(tmpdir(), 'lastport-arm64-'));
try {
  const [given] = process.argv.slice(2);
  if (given === undefined) {
    const env = { ...process.env, LASTPORT_PACKAGES: folder };
    const built = spawnSync(process.execPath, [`${root}dist/systemd/package/build.js`, 'deb', 'arm64'], {
      env,
      stdio: 'inherit',
    });
    assert.equal(built.status, 0);
  }
  const [made = ''] = given === undefined ? readdirSync(folder).filter((name) => name.endsWith('_arm64.deb')) : [];
  tryIt(folder, given === undefined ? join(folder, made) : resolve(given));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
