import { spawnSync } from 'node:child_process';

/** For a test's `skip`: the reason, where a program is missing, else false. */
export function needs(program: string): string | false {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  return error === undefined ? false : `needs ${program}`;
}
