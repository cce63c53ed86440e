import type { DestinationReport } from '../model/assessment.ts';
import type { Condition } from './alert-conditions.ts';
import { inWords, nameOf } from './alert-conditions.ts';

const WINDOWS = 6;
const FORGOTTEN_MS = 120_000;
/** By less than this in all, in ports and as a share of the first count, a pool breathes. */
const LEAST_GROWTH = 50;
const LEAST_RATIO = 0.2;
/** What Prometheus can see of it: the scrapes of its rules are too far apart for the short windows. */
export const SLOW_LEAK = {
  windowSeconds: 120,
  windows: WINDOWS,
  leastGrowth: LEAST_GROWTH,
  leastRatio: LEAST_RATIO,
  horizonSeconds: 24 * 3600,
};
/**
 * The fewest in one window of the watch must be more than the fewest in the one before. What takes long to show may take
 * long to end; growth that takes longer than `horizonSeconds` to the end is for another day.
 */
const SCALES = [
  { windowMs: 30_000, horizonSeconds: 30 * 60 },
  { windowMs: SLOW_LEAK.windowSeconds * 1000, horizonSeconds: SLOW_LEAK.horizonSeconds },
];
/** Destinations watched at once; the fullest come first in a report. */
const MOST = 200;

/** Fewest of each window, the newest last. */
export class Windows {
  private windowAt: number;
  private readonly live: number[];
  private readonly closeWait: number[];

  constructor(at: number, live: number, closeWait: number) {
    this.windowAt = at;
    this.live = [live];
    this.closeWait = [closeWait];
  }

  note(at: number, windowMs: number, live: number, closeWait: number): void {
    if (at - this.windowAt >= windowMs) {
      this.windowAt = at;
      this.live.push(live);
      this.closeWait.push(closeWait);
      if (this.live.length > WINDOWS + 1) {
        this.live.shift();
        this.closeWait.shift();
      }
    }
    const last = this.live.length - 1;
    this.live[last] = Math.min(this.live[last] as number, live);
    this.closeWait[last] = Math.min(this.closeWait[last] as number, closeWait);
  }

  /** How fast, where they have grown over all the full windows, of that length. */
  perSecond(windowMs: number): { readonly livePerSecond: number | null; readonly closeWaitPerSecond: number | null } {
    const seconds = ((WINDOWS - 1) * windowMs) / 1000;
    const rate = (by: number | null) => (by === null ? null : by / seconds);
    return { livePerSecond: rate(growth(this.live)), closeWaitPerSecond: rate(growth(this.closeWait)) };
  }

  /** By how much they have grown over the full windows; null: not all the time. */
  get growth(): { readonly what: string; readonly by: number } | null {
    const closeWait = growth(this.closeWait);
    if (closeWait !== null) return { what: 'connections in CLOSE_WAIT', by: closeWait };
    const live = growth(this.live);
    return live === null ? null : { what: 'open connections', by: live };
  }
}

interface Watched {
  readonly scales: readonly Windows[];
  seenAt: number;
}

/** Looks for live connections that become more and more over minutes: nobody closes them. */
export class LeakWatch {
  private readonly watched = new Map<string, Watched>();

  /** `at` in ms on a clock that no one sets; null: no leak. */
  watch(key: string, one: DestinationReport, at: number): Condition | null {
    const live = one.usedPorts - (one.states.time_wait ?? 0);
    const closeWait = one.states.close_wait ?? 0;
    let known = this.watched.get(key);
    if (known === undefined) {
      if (live < LEAST_GROWTH || this.watched.size >= MOST) return null;
      known = { scales: SCALES.map(() => new Windows(at, live, closeWait)), seenAt: at };
      this.watched.set(key, known);
    }
    known.seenAt = at;
    for (const [index, { windowMs, horizonSeconds }] of SCALES.entries()) {
      const windows = known.scales[index] as Windows;
      windows.note(at, windowMs, live, closeWait);
      const { growth } = windows;
      if (growth === null) continue;
      const perSecond = growth.by / ((WINDOWS - 1) * (windowMs / 1000));
      const seconds = one.headroomPorts / perSecond;
      if (seconds > horizonSeconds) continue;
      const summary = `${nameOf(one)}: ${growth.what} grow without end, ${Math.round(perSecond * 3600)} an hour; out of ports ${inWords(seconds)}`;
      return { alertname: 'LastportConnectionLeak', severity: 'warning', summary, isForecast: false };
    }
    return null;
  }

  /** What was not seen for a while. */
  forget(at: number): void {
    for (const [key, { seenAt }] of this.watched) if (at - seenAt > FORGOTTEN_MS) this.watched.delete(key);
  }
}

/** From the first full window to the last; null: they have not grown all the time. The newest window is not over. */
function growth(windows: readonly number[]): number | null {
  if (windows.length <= WINDOWS) return null;
  const full = windows.slice(0, WINDOWS);
  for (let index = 1; index < full.length; index++) {
    if ((full[index] as number) <= (full[index - 1] as number)) return null;
  }
  const [first] = full as [number];
  const grown = (full.at(-1) as number) - first;
  return grown >= Math.max(LEAST_GROWTH, first * LEAST_RATIO) ? grown : null;
}
