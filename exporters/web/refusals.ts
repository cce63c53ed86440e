/** Why somebody who wanted to read was refused or hung up on, as the metric tells it. */
export const REFUSALS = [
  /** No client certificate, or not one that counts. */
  'certificate',
  /** No user and password, or wrong ones. */
  'password',
  /** Too many passwords wait to be checked, or too much of what was answered is not taken yet. */
  'busy',
  /** The web configuration's rate limit. */
  'rate',
  /** Too many connections, or requests on one of them. */
  'room',
  /** An answer that was not taken in time. */
  'slow',
] as const;
export type Refusal = (typeof REFUSALS)[number];
