import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The package `from` as the one of another version at `to`, with `news` at the end of its settings' template. */
export function repacked(from: string, to: string, version: string, news: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-repack-'));
  const at = join(folder, 'tree');
  try {
    run('dpkg-deb', '-R', from, at);
    const control = join(at, 'DEBIAN/control');
    writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`));
    appendFileSync(join(at, 'etc/lastport/lastport.yaml'), news);
    // It goes nowhere: no need to make it small.
    run('dpkg-deb', '--root-owner-group', '-Znone', '--build', at, to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
}
