/** One place where bytes from outside are read, and what must hold whatever they are. */
export interface Target {
  readonly name: string;
  /** Throws, or rejects, where something does not hold. */
  readonly run: (input: Buffer) => void | Promise<void>;
  /** Good inputs to begin with. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** Words of its language. */
  readonly tokens?: readonly (string | Uint8Array)[];
  /** No input is longer; default 16 KiB. */
  readonly mostBytes?: number;
}

export const bytesOf = (text: string | Uint8Array): Buffer =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text);
