/** Name of the file that tells since when incidents are recorded. */
export const MARK = 'recording.json';
const SCHEMA = 'lastport-recording/1';
/** It is written so often while a daemon records. */
export const MARK_EVERY_MS = 10 * 60_000;
/** A pause that is longer was one in which nobody looked. */
const LONGEST_PAUSE_MS = 2 * MARK_EVERY_MS;
export const LONGEST_MARK = 4096;

/** From when to when somebody looked without a break. ISO 8601, UTC. */
export interface Mark {
  readonly since: string;
  readonly until: string;
}

export function encodeMark({ since, until }: Mark): Uint8Array {
  return Buffer.from(`${JSON.stringify({ schema: SCHEMA, since, until })}\n`);
}

/** null: it is none. */
export function decodeMark(bytes: Uint8Array): Mark | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
  const { schema, since, until } = Object(value) as Record<string, unknown>;
  if (schema !== SCHEMA || typeof since !== 'string' || typeof until !== 'string') return null;
  return Number.isFinite(Date.parse(since)) && Number.isFinite(Date.parse(until)) ? { since, until } : null;
}

/** Since when a daemon that starts `now` looks without a break: since the one before did, if it ended lately. */
export function sinceWhen(before: Mark | null, now: number): string {
  const isGoingOn = before !== null && Math.abs(now - Date.parse(before.until)) <= LONGEST_PAUSE_MS;
  return isGoingOn ? before.since : new Date(now).toISOString();
}
