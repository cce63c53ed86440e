/**
 * What the user gave cannot work. The message is one line: the place, the text as found, and what would do.
 * The program ends with 64 (EX_USAGE of sysexits.h), so that scripts can tell "asked wrongly" from "found trouble".
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode = 64;
}
