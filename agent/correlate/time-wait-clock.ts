/** TCP_TIMEWAIT_LEN, a constant of the kernel and not a setting (include/net/tcp.h). */
export const TIME_WAIT_MS = 60_000;

/** The timer wheel rounds up: at HZ=250 a minute by as much as 2.05 s (kernel/time/timer.c), on average by half of it. */
export const USUALLY_LATE_MS = 2048;

/** How much of a destination's TIME_WAIT ends when: by the tenths of a second that are left, of all and of the first parity. */
export interface TimeWaitClock {
  readonly all: Uint16Array;
  readonly first: Uint16Array;
}

/** What one bin of a TimeWaitClock holds. */
export const CLOCK_BIN_SECONDS = 0.1;
/** A minute, and what a row may show beyond it. */
const CLOCK_BINS = TIME_WAIT_MS / 100 + 8;

export function newTimeWaitClock(): TimeWaitClock {
  return { all: new Uint16Array(CLOCK_BINS), first: new Uint16Array(CLOCK_BINS) };
}

/** Index in a TimeWaitClock of what is left on a timer, in hundredths of a second. */
export function clockBin(timerLeft: number): number {
  return Math.min(CLOCK_BINS - 1, Math.max(0, Math.floor(timerLeft / 10)));
}
