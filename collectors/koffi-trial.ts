import { spawnSync } from 'node:child_process';
import { env, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';

/** The child takes 50 ms, and more than 5 s on a machine that starts everything at once; what hangs is as bad as what crashes. */
const PATIENCE_MS = 15_000;
/** One line is read; a child that says more than this has failed. */
const MOST_BYTES = 64 * 1024;

const PROGRAM = fileURLToPath(new URL('./koffi-trial-child.js', import.meta.url));

/**
 * Loads koffi in a process of its own first, and makes a call through it: a prebuilt file that does not suit this machine
 * may end the process that loads it (SIGILL, SIGSEGV), and no catch would help.
 *
 * @throws Error saying why koffi is not to be loaded here.
 */
export function tryKoffi(): void {
  // What others want loaded into every Node is not what is tried.
  const { NODE_OPTIONS: _, ...own } = env;
  const { error, signal, status, stdout } = spawnSync(execPath, [PROGRAM], {
    env: own,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MOST_BYTES,
  });
  const why = failure(error as NodeJS.ErrnoException | undefined, signal, status, stdout);
  if (why !== null) throw new Error(`Cannot load koffi: ${why}`, { cause: error });
}

function failure(
  error: NodeJS.ErrnoException | undefined,
  signal: NodeJS.Signals | null,
  status: number | null,
  said: string | null,
): string | null {
  if (error?.code === 'ETIMEDOUT') return `the process that tried it had not ended after ${PATIENCE_MS} ms`;
  if (error !== undefined) return `it could not be tried in a process of its own: ${error.message}`;
  if (signal !== null) return `it ended the process that tried it (${signal})`;
  if (status === 0) return null;
  const line = (said ?? '').split('\n', 1)[0]?.slice(0, 200);
  return line || `the process that tried it ended with exit code ${status}`;
}
