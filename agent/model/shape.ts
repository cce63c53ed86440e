/** Whether a value from outside is what it should be. undefined: it is not there. */
export type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === 'string';
/** JSON has no other, but for 1e999. */
export const isNumber: Check = (value) => Number.isFinite(value);
export const isBoolean: Check = (value) => typeof value === 'boolean';
export const isInstant: Check = (value) => typeof value === 'string' && Number.isFinite(Date.parse(value));

export const isOneOf =
  (values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
/** Of what a version before this one did not have. */
export const orMissing =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
/** Its keys are words. */
export const isRecordOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.entries(value).every(([key, one]) => /^\w{1,64}$/.test(key) && check(one));
export const has =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Escape sequences, line ends, right-to-left marks, halves of characters: what steers a terminal, or is not seen. */
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const ALL_STEERING = new RegExp(STEERING.source, 'gu');
/** As JSON writes them. */
const ESCAPED = /\\[ubfnrt]/;

/** Text such that a terminal only shows it, on one line. */
export const plainText = (text: string): string => text.replace(ALL_STEERING, '?');

/** What a JSON text holds, all text in it plain. To look at each of its values takes several times as long. */
export function parsePlain(json: string): unknown {
  const text = json.trim();
  if (!ESCAPED.test(text) && !STEERING.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? plainText(value) : value));
}
