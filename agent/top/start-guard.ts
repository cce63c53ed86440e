import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Places of the terminal among the guard's files. */
export const GUARD_OUTPUT = 3;
export const GUARD_INPUT = 4;

/**
 * Starts what gives the terminal back if this process is killed (guard.ts). In a session of its own: whatever ends this job
 * does not end it, and the kernel stops no background process of another session that sets a terminal's modes.
 */
export function startGuard(): { dismiss(): void } {
  const { stdout } = spawnSync('stty', ['-g'], { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' });
  const program = fileURLToPath(new URL('./guard.js', import.meta.url));
  const child = spawn(process.execPath, [program, stdout?.trim() ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore', process.stdout.fd, process.stdin.fd],
    detached: true,
  });
  child.on('error', () => undefined); // without it the terminal is given back in all cases but one
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  return {
    dismiss: () => {
      child.kill('SIGKILL');
    },
  };
}
