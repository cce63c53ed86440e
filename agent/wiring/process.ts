// What the commands have of the process that they run in.
import { COLLECTORS, ENGINE_COLLECTORS } from '../../collectors/index.ts';
import type { Config } from '../config/config.ts';
import { stateDirOf } from '../config/state-dir.ts';
import { monotonic } from '../host.ts';
import { makeLook } from '../look/make.ts';
import { triedLibc } from '../tried-libc.ts';

export const stdout = (text: string) => process.stdout.write(text);
export const stderr = (text: string) => process.stderr.write(text);
export const hasColors = () => process.stdout.hasColors?.() === true && !process.env['NO_COLOR'];
export const isRoot = () => process.getuid?.() === 0;

/** The folder of incidents, in the state directory; null: none are kept. */
export function incidentsDirectory({ stateDir }: Config): string | null {
  const folder = stateDirOf(stateDir, process.env, isRoot());
  return folder === null ? null : `${folder}/incidents`;
}

export const lookOnce = (config: Config) =>
  makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'once', monotonic, null, triedLibc(config, 'once'));

/** Less than TimeoutStopSec= of the unit. Where nothing else runs it takes a tenth of a second; a starved host takes longer. */
const LONGEST_END_MS = 8000;

/** These end in order; a second one, or too long a time, at once. */
export function terminationSignal(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']): AbortSignal {
  const controller = new AbortController();
  const end = () => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
    // exit() would wait for a disk that hangs, in a thread of libuv's.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), LONGEST_END_MS).unref();
  };
  for (const signal of signals) process.on(signal, end);
  return controller.signal;
}
