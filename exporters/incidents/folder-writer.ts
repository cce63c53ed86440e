import { isIncidentFile } from './file.ts';
import { type Folder, isUnfinished } from './folder.ts';

/** Kept of all: the oldest go first. */
export const MOST_INCIDENTS = 50;
export const MOST_BYTES = 20e6;
/** Files that wait to be written; of those that do not fit the one that has waited longest is given up. */
const MOST_PENDING = 6;
/** What was not finished after so long never will be. */
const UNFINISHED_MS = 10 * 60_000;
/** At the end of the program, for what is under way: a disk that hangs must not keep it. */
const PATIENCE_MS = 2000;

type Render = () => Promise<Uint8Array>;

export interface FolderWriterOptions {
  readonly folder: Folder;
  readonly now: () => number;
  /** After every attempt; null: it worked. */
  readonly onResult: (error: Error | null) => void;
}

/**
 * Writes files one after the other, and nobody waits for it. Of a file that is written again before its turn only the
 * newest state counts; one that cannot be written is kept for `retry`.
 */
export class FolderWriter {
  private readonly pending = new Map<string, Render>();
  private readonly options: FolderWriterOptions;
  private working: Promise<void> | null = null;

  constructor(options: FolderWriterOptions) {
    this.options = options;
  }

  /** Whether a file is being written, or should be: a disk may hang. */
  get isBusy(): boolean {
    return this.working !== null;
  }

  put(name: string, render: Render): void {
    this.keep(name, render);
    this.retry();
  }

  /** Tries what could not be written, if anything. */
  retry(): void {
    if (this.pending.size === 0) return;
    this.working ??= this.work().finally(() => {
      this.working = null;
    });
  }

  /** Waits for what is under way and what waits, for a while. */
  async close(): Promise<void> {
    this.retry();
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([this.working, impatience]);
    clearTimeout(timer);
  }

  private keep(name: string, render: Render): void {
    this.pending.delete(name);
    this.pending.set(name, render);
    for (const oldest of this.pending.keys()) {
      if (this.pending.size <= MOST_PENDING) break;
      this.pending.delete(oldest);
      this.options.onResult(new Error(`${oldest} is given up: ${MOST_PENDING} more files wait to be written`));
    }
  }

  /** Until there is nothing more, or something fails. */
  private async work(): Promise<void> {
    for (let first = next(this.pending); first !== null; first = next(this.pending)) {
      const [name, render] = first;
      this.pending.delete(name);
      const error = await this.write(name, render).then(() => null, asError);
      if (error !== null && !this.pending.has(name)) this.keep(name, render);
      this.options.onResult(error);
      if (error !== null) return;
    }
  }

  private async write(name: string, render: Render): Promise<void> {
    const { folder } = this.options;
    await folder.replace(name, await render());
    await this.prune(name);
  }

  /** What was written last stays, however old: it may go on. */
  private async prune(written: string): Promise<void> {
    const { folder, now } = this.options;
    const files = await folder.list();
    for (const { name, changedAt } of files) {
      if (isUnfinished(name) && now() - changedAt > UNFINISHED_MS) await folder.remove(name);
    }
    const incidents = files.filter(({ name }) => isIncidentFile(name));
    let bytes = incidents.reduce((sum, one) => sum + one.bytes, 0);
    let count = incidents.length;
    for (const one of incidents) {
      if (count <= MOST_INCIDENTS && bytes <= MOST_BYTES) return;
      if (one.name === written) continue;
      await folder.remove(one.name);
      count--;
      bytes -= one.bytes;
    }
  }
}

function next(pending: ReadonlyMap<string, Render>): [string, Render] | null {
  for (const entry of pending) return entry;
  return null;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
