import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Compiles a Go program of one file into `folder`, whatever the machine's Go is set to. Returns where it is. */
export function goBuild(source: string, folder: string, name: string): string {
  const program = join(folder, name);
  const { status, stderr, error } = spawnSync('go', ['build', '-o', program, source], {
    encoding: 'utf8',
    env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '' },
  });
  if (status !== 0) throw new Error(`go build ${source}: ${error?.message ?? stderr}`);
  return program;
}
