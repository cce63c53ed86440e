import type { Assessment } from '../agent/model/assessment.ts';
import { headline } from './text.ts';

export interface SdNotifyOptions {
  /** Sends one message of sd_notify(3): assignments, one a line. */
  readonly send: (message: string) => void;
  /** After so long without a sign of life the service manager ends the daemon (WatchdogSec=), in ms; null: never. */
  readonly watchdogMs: number | null;
  /** How old the last look may be before the daemon counts as stuck, in ms. A reload may change it. */
  readonly stuckMs: () => number;
  /** CLOCK_MONOTONIC in µs, which is what the service manager compares with. */
  readonly monotonicUs: () => bigint;
}

/** From one sign of life to the next. A unit's watchdog is longer by far. */
const SIGN_EVERY_US = 1_000_000n;
/** `systemctl status` is read by people; the deadlines in it count down. */
const STATUS_EVERY_US = 5_000_000n;

/**
 * What the service manager is told, as sd_notify(3) has it: when the first look has been taken, the worst destination in
 * a line, that looks are still being taken, and when the configuration is read again.
 */
export class SdNotify {
  readonly name = 'sd-notify';
  private watchdogMs: number | null;
  private verdict: string | null = null;
  private status = '';
  private statusAt = 0n;
  private signAt = 0n;
  private takenAt = '';
  private readonly options: SdNotifyOptions;

  constructor(options: SdNotifyOptions) {
    this.options = options;
    this.watchdogMs = options.watchdogMs;
  }

  ready(): void {
    this.options.send(['READY=1', ...this.watchdog()].join('\n'));
  }

  /** The sign of life is that there are looks: not that a timer still runs, and not that it is said that none comes. */
  publish(assessment: Assessment): void {
    const now = this.options.monotonicUs();
    const news = this.news(assessment, now);
    const isLook = assessment.takenAt !== this.takenAt;
    this.takenAt = assessment.takenAt;
    if (isLook && this.watchdogMs !== null && now - this.signAt >= SIGN_EVERY_US) {
      this.signAt = now;
      news.push('WATCHDOG=1');
    }
    if (news.length > 0) this.options.send(news.join('\n'));
  }

  reloading(): void {
    this.options.send(`RELOADING=1\nMONOTONIC_USEC=${this.options.monotonicUs()}`);
  }

  stopping(): void {
    this.options.send('STOPPING=1\nSTATUS=ending');
  }

  private news(assessment: Assessment, now: bigint): string[] {
    if (assessment.verdict === this.verdict && now - this.statusAt < STATUS_EVERY_US) return [];
    const status = headline(assessment);
    this.verdict = assessment.verdict;
    this.statusAt = now;
    if (status === this.status) return [];
    this.status = status;
    return [`STATUS=${status}`];
  }

  /** A watchdog that a slow tick would wake is put off. */
  private watchdog(): string[] {
    const { watchdogMs, stuckMs } = this.options;
    if (watchdogMs === null) return [];
    const wanted = Math.max(watchdogMs, stuckMs());
    if (wanted === this.watchdogMs) return [];
    this.watchdogMs = wanted;
    return [`WATCHDOG_USEC=${wanted * 1000}`];
  }
}
