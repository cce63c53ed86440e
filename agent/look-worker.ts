import { Worker } from 'node:worker_threads';
import { monotonic } from './host.ts';
import type { Assessment } from './model/assessment.ts';
import type { FromWorker, ToWorker, WorkerOrders } from './worker-messages.ts';

export interface LookWorkerOptions {
  readonly orders: WorkerOrders;
  readonly onAssessment: (assessment: Assessment) => void;
  readonly onError: (what: string, error: unknown) => void;
  /** Each time that it is started again. */
  readonly onRestart?: () => void;
  /** For tests. */
  readonly program?: URL;
  readonly restartMs?: number;
}

/** Its objects are few and short-lived; the columns of the tables are not on this heap. */
const YOUNG_GENERATION_MB = 4;
/** With the rest of the process below the unit's MemoryMax: what grows beyond all bounds costs this thread, and not the daemon. */
const OLD_GENERATION_MB = 256;
/** What ends again and again should not take a core for it: after each time twice as long, until it has lived for a while. */
const RESTART_MS = 1000;
const LONGEST_RESTART_MS = 60_000;
const STEADY_MS = 60_000;
/** For the look under way to end. */
const PATIENCE_MS = 3000;

/** The thread that looks (worker.ts). Started again when it ends by itself. */
export class LookWorker {
  private orders: WorkerOrders;
  private worker: Worker;
  private ending = false;
  private restart: NodeJS.Timeout | undefined;
  private pauseMs: number;
  private startedAt = 0;
  private readonly options: LookWorkerOptions;

  constructor(options: LookWorkerOptions) {
    this.options = options;
    this.orders = options.orders;
    this.pauseMs = options.restartMs ?? RESTART_MS;
    this.worker = this.start();
  }

  update(orders: WorkerOrders): void {
    this.orders = orders;
    this.post(orders);
  }

  /** Ends it after the look under way. */
  async stop(): Promise<void> {
    this.ending = true;
    clearTimeout(this.restart);
    const { worker } = this;
    const ended = new Promise<void>((resolve) => {
      if (worker.threadId === -1) resolve();
      else worker.once('exit', () => resolve());
    });
    this.post(null);
    const impatience = setTimeout(() => void worker.terminate(), PATIENCE_MS);
    await ended;
    clearTimeout(impatience);
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private nextPause(): number {
    const first = this.options.restartMs ?? RESTART_MS;
    const pause = monotonic() - this.startedAt >= STEADY_MS ? first : this.pauseMs;
    this.pauseMs = Math.min(pause * 2, LONGEST_RESTART_MS);
    return pause;
  }

  private start(): Worker {
    const { program = new URL('./worker.js', import.meta.url), onAssessment, onError, onRestart } = this.options;
    this.startedAt = monotonic();
    const worker = new Worker(program, {
      workerData: this.orders,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, maxOldGenerationSizeMb: OLD_GENERATION_MB },
    });
    let last: Assessment | undefined;
    let why: unknown = new Error('it ended by itself');
    worker.on('message', (news: FromWorker) => {
      if (news.kind === 'assessment') {
        last = news.assessment;
        onAssessment(last);
      } else if (news.kind === 'same') {
        // The worker has sent one before, or it would not say so.
        last = { ...(last as Assessment), takenAt: news.takenAt, tookMs: news.tookMs };
        onAssessment(last);
      } else onError(news.what, new Error(news.message));
    });
    worker.on('error', (error) => {
      why = error;
    });
    worker.on('exit', () => {
      if (this.ending) return;
      onError('the thread that looks has ended and is started again', why);
      this.restart = setTimeout(() => {
        onRestart?.();
        this.worker = this.start();
      }, this.nextPause());
    });
    return worker;
  }
}
