import { spawnSync } from 'node:child_process';

/** What a program printed. Throws with what it said where it failed or is not there. */
export function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (error !== undefined) throw new Error(`Cannot run ${program}: ${error.message}; install it`, { cause: error });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stderr || stdout}`);
  return stdout;
}
