import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE } from '../support/patience.ts';

const PATIENCE_MS = 12_000 * PATIENCE;
/** Shorter than a tick and than a scrape, neither of which announces itself. */
const POLL_MS = 40;

/** Of what programs have logged, the end. */
const LONGEST_TAIL = 2000;

/** What these have logged, for the complaint that something did not come. */
export function logTails(names: readonly string[], log: (name: string) => string): string {
  return names.map((name) => `${name}:\n${log(name).slice(-LONGEST_TAIL)}`).join('\n');
}

/** Asks until there is an answer: null and an error are none yet. `evidence` goes into the complaint that none came. */
export async function until<Answer extends object | string>(
  what: string,
  ask: () => Promise<Answer | null>,
  evidence: () => string = () => '',
  patienceMs = PATIENCE_MS,
): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask().catch((error: Error) => error);
    if (answer !== null && !(answer instanceof Error)) return answer;
    if (Date.now() > deadline) {
      throw new Error(`never came: ${what} (${answer?.message ?? 'not yet'})\n${evidence()}`, { cause: answer });
    }
    await delay(POLL_MS);
  }
}
