import type { Alert } from '../agent/model/alert.ts';

/** One request to a receiver. */
export interface AlertMessage {
  /** Those that need not be said again once it has been taken. */
  readonly alerts: readonly Alert[];
  readonly body: string;
}

/** Where alerts go, and in which words. */
export interface AlertReceiver {
  readonly kind: 'alertmanager' | 'webhook';
  readonly url: URL;
  /** What says this news, where all of `firing` fires. `now` in ms since the epoch. */
  readonly messages: (news: readonly Alert[], firing: readonly Alert[], now: number) => readonly AlertMessage[];
  /** What fires is said again after so many ms. */
  readonly repeatMs: number;
  /** Whether it forgets when it is restarted, so that a connection that ends is a reason to say it again. */
  readonly isForgetful: boolean;
}
