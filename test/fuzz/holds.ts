// What must hold of anything that is shown to people or goes into a log.
import assert from 'node:assert/strict';

/** Control characters, line ends, what turns the direction of text, halves of characters. */
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export function isOneLine(text: string, longest = 1000): void {
  const found = STEERING.exec(text);
  if (found !== null)
    assert.fail(`${JSON.stringify(text.slice(0, 200))} holds U+${found[0].codePointAt(0)?.toString(16)}`);
  assert.ok(text.length <= longest, `a text of ${text.length} characters`);
}

export function isWithin(value: number, low: number, high: number, what: string): void {
  assert.ok(Number.isFinite(value) && value >= low && value <= high, `${what} is ${value}, not ${low} to ${high}`);
}

/** Runs it; an error must be of `kind` and its message one line that `says`. Returns what it returned; undefined: it threw. */
export function orRefuses<Result>(
  work: () => Result,
  kind: new (...args: never[]) => Error,
  says = /./,
): Result | undefined {
  try {
    return work();
  } catch (error) {
    refuses(error, kind, says);
    return undefined;
  }
}

export function refuses(error: unknown, kind: new (...args: never[]) => Error, says = /./): void {
  if (!(error instanceof kind)) throw error;
  // A TypeError and the like is no answer, it is a mistake of ours.
  const isOurs =
    kind !== Error || [Error, RangeError].includes(error.constructor as never) || 'code' in error || 'errno' in error;
  if (!isOurs || !says.test(error.message)) throw error;
  isOneLine(error.message);
}
