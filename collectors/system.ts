import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { kill } from 'node:process';
import type { HostInventory } from '../agent/model/assessment.ts';
import type { Answer } from './system-child.ts';

export interface InventoryOptions {
  /** How long to wait. A name server that does not answer holds up systeminformation's `hostname -f` for 10 s. */
  readonly deadlineMs?: number;
  /** Ends the wait, and the child. */
  readonly signal?: AbortSignal;
  /** The child's program; for tests. */
  readonly program?: URL;
}

/**
 * The inventory of the host from systeminformation: once, at start, never in a tick.
 *
 * It waits for some of its shells synchronously: that would stop our event loop for 26 ms on a quick host, for as long
 * as `hostname -f` likes on another, and a worker thread in such a wait holds up the exit of the whole process. So it
 * runs in a child with a process group of its own, which is killed as a whole when it is late. The child costs about
 * 0.25 s of another core, and 5 ms of this thread.
 *
 * @throws Error saying why, if systeminformation fails, is late or aborted.
 */
export async function readInventory(options: InventoryOptions = {}): Promise<HostInventory> {
  const { deadlineMs = 5000, signal, program = new URL('./system-child.js', import.meta.url) } = options;
  const deadline = AbortSignal.timeout(deadlineMs);
  let child: ChildProcess | undefined;
  try {
    signal?.throwIfAborted();
    child = fork(program, [], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    return await answerOf(child, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
  } catch (error) {
    const why = deadline.aborted ? `no answer within ${deadlineMs} ms` : (error as Error).message;
    throw new Error(`Cannot ask systeminformation: ${why}`, { cause: error });
  } finally {
    if (child !== undefined) killGroup(child);
  }
}

async function answerOf(child: ChildProcess, signal: AbortSignal): Promise<HostInventory> {
  const [answer] = (await Promise.race([once(child, 'message', { signal }), endOf(child, signal)])) as [Answer];
  if ('error' in answer) throw new Error(answer.error);
  return answer.inventory;
}

/** Its last message comes before `disconnect`, but perhaps after `exit`. */
async function endOf(child: ChildProcess, signal: AbortSignal): Promise<never> {
  await once(child, 'disconnect', { signal });
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal });
  throw new Error(`its process ended without an answer (${child.signalCode ?? `exit code ${child.exitCode}`})`);
}

/** The child and the shells it waits for, which would outlive it. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    kill(-pid, 'SIGKILL');
  } catch (error) {
    // Gone in the meantime, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
