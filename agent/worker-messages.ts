import type { Config } from './config/config.ts';
import type { LookRequest } from './look/host-look.ts';
import type { Assessment } from './model/assessment.ts';

/** What the worker is to do from now on; replaces what it was told before. */
export interface WorkerOrders {
  readonly config: Pick<
    Config,
    'procfs' | 'engine' | 'netns' | 'ask' | 'trace' | 'ownersCommandLine' | 'podLogs' | 'tickMs' | 'nat' | 'stateDir'
  >;
  readonly request: Omit<LookRequest, 'now'>;
  /** Where probes report to, as it was at the start; null: nobody listens. */
  readonly probeSocket: ProbeSocketPlace | null;
}

export interface ProbeSocketPlace {
  readonly path: string;
  readonly mode: number;
  readonly group: number | null;
}

/** To the worker; null: end. */
export type ToWorker = WorkerOrders | null;

/** From the worker. */
export type FromWorker =
  | { readonly kind: 'assessment'; readonly assessment: Assessment }
  /** The last one still holds. */
  | { readonly kind: 'same'; readonly takenAt: string; readonly tookMs: number }
  | { readonly kind: 'error'; readonly what: string; readonly message: string };
