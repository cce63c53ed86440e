import type { LogStream } from './log.ts';

export interface LogOutputOptions {
  /**
   * Of a file, or a pipe or socket that does not block: what it does not take at once is lost. Returns how many bytes it
   * took.
   */
  readonly write: (bytes: Uint8Array) => number;
  /** After a line was lost, and `null` when all that was to be said has been again. */
  readonly onTrouble: (error: Error | null) => void;
  /** Says how many lines were lost, by way of this same stream. */
  readonly onBack: (lines: number) => void;
}

/**
 * The daemon's log. Nobody waits for who reads it, and nothing is kept for him beyond what the kernel keeps: of a pipe
 * 64 KiB. A line that does not fit is lost and counted; the next one that does is preceded by how many those were.
 * process.stdout would keep all of them, until there is no memory left.
 */
export class LogOutput implements LogStream {
  /** Lines lost since the start. */
  lost = 0;
  /** Of these, since the log was last whole. */
  private untold = 0;
  private isTelling = false;
  private isTold = false;
  /** What is missing of a line that was begun. */
  private rest: Uint8Array = new Uint8Array(0);
  private readonly options: LogOutputOptions;

  constructor(options: LogOutputOptions) {
    this.options = options;
  }

  write(line: string): void {
    if (this.isTelling) {
      this.isTold = this.put(Buffer.from(line)) === null;
      return;
    }
    this.catchUp();
    const isBehind = this.untold > 0;
    const error = isBehind ? null : this.put(Buffer.from(line));
    if (!isBehind && error === null) return;
    this.lost++;
    this.untold++;
    if (error !== null) this.options.onTrouble(error);
  }

  /** Tells of lost lines as soon as that can be written. To be called now and then: there may be nothing else to log. */
  catchUp(): void {
    if (this.untold === 0) return;
    this.isTelling = true;
    this.isTold = true; // unless it is written, and cannot be
    this.options.onBack(this.untold);
    this.isTelling = false;
    if (!this.isTold) return;
    this.untold = 0;
    this.options.onTrouble(null);
  }

  private put(line: Uint8Array): Error | null {
    const { write } = this.options;
    try {
      while (this.rest.length > 0) this.rest = this.rest.subarray(write(this.rest));
    } catch (error) {
      return error as Error;
    }
    let left = line;
    try {
      while (left.length > 0) left = left.subarray(write(left));
    } catch (error) {
      if (left.length === line.length) return error as Error;
      this.rest = left; // whole as soon as there is room: half a line is not JSON
    }
    return null;
  }
}
