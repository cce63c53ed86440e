import { Worker } from 'node:worker_threads';
import type { Assessment } from './model/assessment.ts';
import type { FromWorker, ToWorker, WorkerOrders } from './worker-messages.ts';

export interface LookWorkerOptions {
  readonly orders: WorkerOrders;
  readonly onAssessment: (assessment: Assessment) => void;
  readonly onError: (what: string, error: unknown) => void;
  /** For tests. */
  readonly program?: URL;
  readonly restartMs?: number;
}

/** Its objects are few and short-lived; the columns of the tables are not on this heap. */
const YOUNG_GENERATION_MB = 4;
/** What ends again and again should not take a core for it. */
const RESTART_MS = 1000;
/** For the look under way to end. */
const PATIENCE_MS = 3000;

/** The thread that looks (worker.ts). Started again when it ends by itself. */
export class LookWorker {
  private orders: WorkerOrders;
  private worker: Worker;
  private ending = false;
  private restart: NodeJS.Timeout | undefined;
  private readonly options: LookWorkerOptions;

  constructor(options: LookWorkerOptions) {
    this.options = options;
    this.orders = options.orders;
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

  private start(): Worker {
    const { program = new URL('./worker.js', import.meta.url), onAssessment, onError, restartMs } = this.options;
    const worker = new Worker(program, {
      workerData: this.orders,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
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
        this.worker = this.start();
      }, restartMs ?? RESTART_MS);
    });
    return worker;
  }
}
