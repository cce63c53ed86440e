import { Worker } from 'node:worker_threads';

/** A thread costs some 10 MB: it ends when no password was checked for so long, in ms. */
const IDLE_MS = 60_000;

interface Question {
  readonly password: string;
  readonly hash: string;
  readonly resolve: (fits: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** Compares passwords with hashes, one after the other, in a thread that is started when one is needed. */
export class BcryptThread {
  private readonly questions: Question[] = [];
  private worker: Worker | null = null;
  private idle: NodeJS.Timeout | undefined;

  /** Rejects where the thread cannot be started, or dies. */
  compare(password: string, hash: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.questions.push({ password, hash, resolve, reject });
      if (this.questions.length === 1) this.next();
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.idle);
    await this.worker?.terminate();
  }

  private next(): void {
    clearTimeout(this.idle);
    const [question] = this.questions;
    if (question === undefined) {
      this.idle = setTimeout(() => void this.worker?.terminate(), IDLE_MS);
      this.idle.unref();
      return;
    }
    this.worker ??= this.start();
    this.worker.postMessage({ password: question.password, hash: question.hash });
  }

  private start(): Worker {
    // Neither flags nor variables of ours: they are nothing to it.
    const worker = new Worker(new URL('./bcrypt-worker.js', import.meta.url), { execArgv: [], env: {} });
    worker.on('message', (fits: boolean) => {
      this.questions.shift()?.resolve(fits);
      this.next();
    });
    let why: Error | null = null;
    worker.on('error', (error) => {
      why = error as Error;
    });
    worker.on('exit', () => {
      this.worker = null;
      const error = new Error(`Cannot check passwords: ${why?.message ?? 'the thread has ended'}`, { cause: why });
      for (const { reject } of this.questions.splice(0)) reject(error);
    });
    // After its listeners: the one for messages would hold the program again.
    worker.unref();
    return worker;
  }
}
