import { type Alert, alertKey } from '../agent/model/alert.ts';

/** Alerts that wait, at most. */
const MOST_PENDING = 1000;
/**
 * What a receiver may have forgotten is said again after so long: at once, if it was restarted. For one that hangs up a
 * lot, twice as long each time, until it has not for a while.
 */
const DOUBT_MS = 500;
const LONGEST_DOUBT_MS = 60_000;
const TRUSTED_AFTER_MS = 300_000;

interface Said {
  readonly at: number;
  isDoubted: boolean;
}

/**
 * What one receiver is still to hear: of each alert its newest state. Times in ms on a clock that no one sets, so that
 * one that is set back silences nothing.
 */
export class AlertQueue {
  private readonly pending = new Map<string, Alert>();
  private readonly said = new Map<string, Said>();
  private doubtMs = DOUBT_MS;
  private doubtedAt = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.pending.size;
  }

  /** Returns how many that waited longest were given up for these. */
  add(alerts: readonly Alert[], at: number): number {
    for (const alert of alerts) {
      const key = alertKey(alert.labels);
      this.pending.delete(key);
      this.pending.set(key, alert);
      if (alert.endsAt === null) this.said.set(key, { at, isDoubted: false });
      else this.said.delete(key);
    }
    let dropped = 0;
    for (const key of this.pending.keys()) {
      if (this.pending.size <= MOST_PENDING) break;
      this.pending.delete(key);
      dropped++;
    }
    return dropped;
  }

  /** Those of all that fire that were said so long ago that it is time to say them again. */
  due(firing: readonly Alert[], at: number, repeatMs: number): readonly Alert[] {
    return firing.filter(({ labels }) => {
      const said = this.said.get(alertKey(labels));
      return said !== undefined && at - said.at >= (said.isDoubted ? Math.min(this.doubtMs, repeatMs) : repeatMs);
    });
  }

  /** The receiver may know nothing any more of what it was told. */
  doubt(at: number): void {
    const isTrusted = at - this.doubtedAt > TRUSTED_AFTER_MS;
    this.doubtMs = isTrusted ? DOUBT_MS : Math.min(this.doubtMs * 2, LONGEST_DOUBT_MS);
    this.doubtedAt = at;
    for (const said of this.said.values()) said.isDoubted = true;
  }

  /** Those that have waited longest. They stay until they are settled. */
  next(most: number): readonly Alert[] {
    return [...this.pending.values()].slice(0, most);
  }

  /** Takes these out, unless there is something newer of them by now. */
  settle(alerts: readonly Alert[]): void {
    for (const alert of alerts) {
      const key = alertKey(alert.labels);
      if (this.pending.get(key) === alert) this.pending.delete(key);
    }
  }
}
