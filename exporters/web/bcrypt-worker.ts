// Checks passwords in a thread of its own: one takes from 50 ms to seconds, in which the main thread would answer nobody.
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

/** On Linux of the calling thread alone (setpriority(2), "C library/kernel differences"): whoever guesses passwords costs the look nothing. */
const LAST = 19;

try {
  setPriority(LAST);
} catch {
  // A sandbox may forbid it (systemd's @resources); then it takes its share, and still no more than one processor.
}
parentPort?.on('message', ({ password, hash }: { password: string; hash: string }) => {
  parentPort?.postMessage(compareSync(password, hash));
});
