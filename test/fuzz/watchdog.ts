// Ends the process, and says by what it was held up, when one input does not come to an end.
import { writeFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const LONGEST_MS = 20_000;
const MOST_BYTES = 1 << 20;

interface Shared {
  /** How many runs there have been; how long the input is. */
  readonly numbers: Int32Array;
  readonly input: Uint8Array;
  readonly path: string;
}

/** Returns what to call before each run. `path`: where the input goes that never ended. */
export function watchdog(path: string): { readonly onRun: (input: Buffer) => void; stop(): void } {
  const shared: Shared = {
    numbers: new Int32Array(new SharedArrayBuffer(8)),
    input: new Uint8Array(new SharedArrayBuffer(MOST_BYTES)),
    path,
  };
  const worker = new Worker(new URL(import.meta.url), { workerData: shared });
  worker.unref();
  return {
    onRun: (input) => {
      shared.input.set(input.subarray(0, MOST_BYTES));
      shared.numbers[1] = Math.min(input.length, MOST_BYTES);
      Atomics.add(shared.numbers, 0, 1);
    },
    stop: () => void worker.terminate(),
  };
}

if (!isMainThread) {
  const { numbers, input, path } = workerData as Shared;
  let last = -1;
  setInterval(() => {
    const runs = Atomics.load(numbers, 0);
    if (runs === last && runs > 0) {
      writeFileSync(path, input.slice(0, numbers[1]));
      writeFileSync(2, `an input does not come to an end: ${path}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
    last = runs;
  }, LONGEST_MS);
}
