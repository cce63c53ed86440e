export const FIRST_PAUSE_MS = 250;
/** What answers, and badly, is left in peace for longer and longer. */
const LONGEST_PAUSE_MS = 30_000;
/** A connection that does not come about costs a packet or two, and who is restarted shall hear of it at once. */
const LONGEST_RECONNECT_MS = 2000;

/** How long to wait before something is tried again: twice as long each time, less up to a half by chance. */
export class BackOff {
  private pauseMs = FIRST_PAUSE_MS;
  private readonly random: () => number;

  /** `random` from 0 to below 1: not all hosts of a fleet shall try again at the same moment. */
  constructor(random: () => number) {
    this.random = random;
  }

  /** In ms. `isUnreachable`: there was no connection at all. */
  next(isUnreachable: boolean): number {
    const longest = isUnreachable ? LONGEST_RECONNECT_MS : LONGEST_PAUSE_MS;
    const pause = Math.min(this.pauseMs, longest);
    this.pauseMs = Math.min(pause * 2, longest);
    return pause * (0.5 + this.random() / 2);
  }

  reset(): void {
    this.pauseMs = FIRST_PAUSE_MS;
  }
}
