import type { Cause } from '../model/cause.ts';

/** Another cause than the one that was said must have come first for so long. */
const SETTLED_MS = 3000;
/** The cause, and one correction: more would be noise to whoever was woken. */
const MOST = 2;

/**
 * Whether the cause of an alert is news to those who have heard of it. An alert fires at once, when a look or two have
 * shown that ports go; why they go may be clear a second later.
 */
export class LearnedCause {
  private said: Cause | null;
  private count = 0;
  private other: { readonly cause: Cause; readonly since: number } | null = null;

  /** As first said; null: not known. */
  constructor(said: Cause | null) {
    this.said = said;
  }

  /** `at` in ms on a clock that no one sets. What is not known any more is no news. */
  isNews(cause: Cause | null, at: number): boolean {
    if (cause === null || cause === this.said || this.count >= MOST) {
      this.other = null;
      return false;
    }
    if (this.other?.cause !== cause) this.other = { cause, since: at };
    if (this.said !== null && at - this.other.since < SETTLED_MS) return false;
    this.said = cause;
    this.count++;
    this.other = null;
    return true;
  }
}
