/** For what kind of program; kernel: a setting of the host, which is the last resort. */
export const REMEDY_KINDS = [
  'undici',
  'fetch',
  'node:http',
  'go',
  'python',
  'nginx',
  'java',
  'curl',
  'server',
  'any',
  'kernel',
] as const;
export type RemedyKind = (typeof REMEDY_KINDS)[number];

/** What to change. */
export interface Remedy {
  readonly for: RemedyKind;
  /** One sentence that stands alone. */
  readonly line: string;
  /** To be copied; the numbers are those of this traffic. Empty: there is none. */
  readonly code: readonly string[];
  /** What to expect after it. */
  readonly expect: string;
  /** What it costs or risks; null: nothing to speak of. */
  readonly costs: string | null;
}
