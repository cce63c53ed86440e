import { encodeIncident, fileNameOf } from '../exporters/incidents/file.ts';
import type { Folder } from '../exporters/incidents/folder.ts';
import type { FolderWriter, FolderWriterOptions } from '../exporters/incidents/folder-writer.ts';
import { encodeMark, MARK, MARK_EVERY_MS, sinceWhen } from '../exporters/incidents/mark.ts';
import { readMark } from '../exporters/incidents/read-incidents.ts';
import type { Logger } from '../exporters/log.ts';
import { IncidentBook } from './correlate/incident-book.ts';
import type { Assessment } from './model/assessment.ts';
import type { Incident } from './model/incident.ts';
import type { Publisher } from './publish.ts';

/** What could not be written is tried again so often. */
const RETRY_MS = 30_000;
/** A write that takes longer is a disk that hangs: it fails no attempt, and may never end. */
const HANGS_AFTER_MS = 5000;
/** A disk that is full is told of so often. */
const TELL_EVERY_MS = 10 * 60_000;

export interface RecorderParts {
  readonly folder: Folder;
  readonly writer: new (options: FolderWriterOptions) => FolderWriter;
  readonly logger: Logger;
  /** Since the start: incidents that began, and files that could not be written. */
  readonly onCounts: (counts: { readonly incidents: number; readonly writeFailures: number }) => void;
  /** After every attempt to write; null: it worked. */
  readonly onTrouble?: (error: Error | null) => void;
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** Keeps what happens when something goes wrong, in files that outlive the daemon. No tick waits for a disk. */
export class Recorder implements Publisher {
  readonly name = 'incidents';
  private readonly book = new IncidentBook();
  private readonly writer: FolderWriter;
  private readonly parts: RecorderParts;
  private counts = { incidents: 0, writeFailures: 0 };
  private markedAt = Number.NEGATIVE_INFINITY;
  private failedAt: number | null = null;
  private toldAt = Number.NEGATIVE_INFINITY;
  private isTold = false;
  /** Since when something is being written; null: nothing is. */
  private busySince: number | null = null;
  private readonly startedAt: number;
  private since: Promise<string> | null = null;

  constructor(parts: RecorderParts) {
    this.parts = parts;
    const { folder, now } = parts;
    this.startedAt = now();
    this.writer = new parts.writer({ folder, now, onResult: (error) => this.noteResult(error) });
    parts.onCounts(this.counts);
  }

  publish(assessment: Assessment): void {
    const at = this.parts.monotonic();
    const { begun, toSave } = this.book.update(assessment, at);
    if (begun > 0) this.count({ incidents: this.counts.incidents + begun });
    for (const incident of toSave) this.save(incident);
    if (at - this.markedAt >= MARK_EVERY_MS) this.mark(at);
    this.watch(at);
    if (this.failedAt !== null && at - this.failedAt >= RETRY_MS) {
      this.failedAt = at;
      this.writer.retry();
    }
  }

  /** Keeps what goes on. */
  async close(): Promise<void> {
    for (const incident of this.book.end()) this.save(incident);
    this.mark(this.parts.monotonic());
    await this.writer.close();
  }

  private save(incident: Incident): void {
    this.writer.put(fileNameOf(incident.summary.id), () => encodeIncident(incident));
  }

  private watch(at: number): void {
    if (!this.writer.isBusy) this.busySince = null;
    this.busySince ??= this.writer.isBusy ? at : null;
    if (this.busySince === null || at - this.busySince < HANGS_AFTER_MS) return;
    this.parts.onTrouble?.(new Error(`the disk has not answered for ${Math.round((at - this.busySince) / 1000)} s`));
  }

  /** Says that somebody looks; and finds out that nothing can be written before there is something to write. */
  private mark(at: number): void {
    const { folder, now } = this.parts;
    this.markedAt = at;
    const until = now();
    this.writer.put(MARK, async () => {
      this.since ??= readMark(folder).then((before) => sinceWhen(before, this.startedAt));
      return encodeMark({ since: await this.since, until: new Date(until).toISOString() });
    });
  }

  private noteResult(error: Error | null): void {
    const { folder, logger, monotonic } = this.parts;
    const { path } = folder;
    this.parts.onTrouble?.(error);
    this.busySince = null;
    if (error === null) {
      if (this.isTold) logger.info({ path }, 'incidents are written again');
      this.isTold = false;
      this.failedAt = null;
      return;
    }
    this.failedAt = monotonic();
    this.count({ writeFailures: this.counts.writeFailures + 1 });
    if (this.failedAt - this.toldAt < TELL_EVERY_MS) return;
    this.toldAt = this.failedAt;
    this.isTold = true;
    logger.error(
      { path, err: error.message },
      'incidents cannot be written; make room there or name another --state-dir',
    );
  }

  private count(changed: Partial<typeof this.counts>): void {
    this.counts = { ...this.counts, ...changed };
    this.parts.onCounts(this.counts);
  }
}
