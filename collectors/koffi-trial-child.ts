// The program of the child process that koffi-trial.ts starts: loads koffi and calls something. That it ends with 0 is the answer.
import { loadLibc } from './libc.ts';

const CLOCK_MONOTONIC = 1;

try {
  if (loadLibc().clockGettime(CLOCK_MONOTONIC, new Uint8Array(16)) !== 0) throw new Error('clock_gettime() failed');
} catch (error) {
  process.stdout.write(`${(error as Error).message.replace(/^Cannot load koffi: /, '')}\n`);
  process.exitCode = 1;
}
