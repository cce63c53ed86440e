import type { Verdict } from '../model/assessment.ts';
import type { Pulse } from '../model/readings.ts';

// When to look closely at which network namespace.
//
// A close look walks the kernel's whole table of sockets, those of all namespaces; the pulse (sockstat) costs 25 µs. And
// the pulse bounds from above what a look could find: no destination of a namespace uses more ports than it has sockets.
//
//   sockets / usable ports
//      │ uneasy: looked at every tick (beyond ALWAYS of them, and as long as the last     ╭─── a rise of RISE_RATIO since the
//      │ look found CALM_RATIO of the ports left: as CLOSE_SHARE goes)                    │
//   5 %┼──────────────────────────────────────────────────────────────────────────╯     last look: at the next beat
//      │ harmless: proved so by the pulse alone; looked at when its numbers have changed, or after STALE_MS,
//      │ as far as SPARE_SHARE of a core goes
//      └───────────────────────────────────────────────────────────────────────────────────────────────────▶ time

/** Below this share of the usable ports no destination can be near its limit, nor near the cliff. */
const HARMLESS_RATIO = 0.05;
/** At 4,000 connections a second and the default range, 140 ms. */
const RISE_RATIO = 0.02;
/** Once something rises, so little more is worth another look. */
const EAGER_RISE_RATIO = 0.005;
/** So many of those that are not harmless, the fullest, are looked at every tick, whatever it costs, unless calm. */
const ALWAYS = 3;
/** Of a core, for the rest of them, all together: where there are dozens, they take turns. */
const CLOSE_SHARE = 0.1;
/** Calm is where the last look found so much left to every destination: most sockets of a big server are incoming. */
const CALM_RATIO = 0.75;
/** So long at most is a calm one left alone: a storm of 4,000 a second that rises out of as many sockets that go takes 7 s. */
const CALM_MOST_MS = 5000;
/** Of a core, for namespaces that are. */
const SPARE_SHARE = 0.005;
/** What the spare time may add up to: a burst of a hundred looks answers somebody who tries things out. */
const SPARE_MOST_MS = 200;
/** One tick does not look longer than this at what is harmless. */
const SPARE_TICK_MS = 30;
/** Two sockets that swapped destinations leave the numbers as they were. */
const STALE_MS = 10_000;

/** What is known of a namespace when it is decided whether to look at it. */
export interface Watched {
  /** null: it could not be read this time. */
  readonly pulse: Pulse | null;
  /** Sockets that may be bound without being in the pulse. */
  readonly unlisted: number;
  /** null: it has never been looked at. */
  readonly last: LastLook | null;
  /** Whether something else is asked of it than at the last look. */
  readonly isAskedAnew: boolean;
}

export interface LastLook {
  /** On the monotonic clock. */
  readonly at: number;
  readonly costMs: number;
  readonly pulse: Pulse | null;
  readonly usablePorts: number | null;
  readonly verdict: Verdict;
  /** Whether something was not found out for want of time. */
  readonly isUnfinished: boolean;
  /** What is left to the tightest destination, of the usable ports: 0 to 1. */
  readonly left: number;
}

/** At most so many sockets does a destination of the namespace have. */
const socketsAtMost = ({ inUse, timeWait }: Pulse): number => inUse + timeWait;

export class Pace {
  private spareMs = SPARE_MOST_MS;
  private toppedUpAt: number | null = null;

  /** Those to look at closely in this tick, the most urgent first. Spends the spare time for the harmless ones. */
  due<Namespace extends Watched>(namespaces: readonly Namespace[], now: number): Namespace[] {
    this.topUp(now);
    const uneasy = namespaces.filter((one) => one.last !== null && !isHarmless(one)).sort(byNeed);
    const others = uneasy.slice(ALWAYS);
    const round = others.reduce((sum, { last }) => sum + (last as LastLook).costMs, 0);
    const rested = others.filter(({ last }) => now - (last as LastLook).at >= round / CLOSE_SHARE);
    const fullest = uneasy.slice(0, ALWAYS).filter((one) => !isCalm(one, now));
    return [...fullest, ...rested, ...this.spare(namespaces, now)];
  }

  /** Whether the pulse has risen so much since the last look that the next tick would be late. */
  static isRising({ pulse, last }: Watched, isEager = false): boolean {
    if (pulse === null || last === null || last.pulse === null || last.usablePorts === null) return false;
    const sockets = socketsAtMost(pulse);
    const rise = sockets - socketsAtMost(last.pulse);
    return (
      sockets >= last.usablePorts * HARMLESS_RATIO &&
      rise >= Math.max(1, last.usablePorts * (isEager ? EAGER_RISE_RATIO : RISE_RATIO))
    );
  }

  /** Whether the numbers of the pulse are others than at the last look. */
  static hasChanged({ pulse, last }: Watched): boolean {
    if (pulse === null || last === null || last.pulse === null) return true;
    return pulse.inUse !== last.pulse.inUse || pulse.timeWait !== last.pulse.timeWait;
  }

  private topUp(now: number): void {
    const since = this.toppedUpAt === null ? 0 : now - this.toppedUpAt;
    this.toppedUpAt = now;
    this.spareMs = Math.min(SPARE_MOST_MS, this.spareMs + since * SPARE_SHARE);
  }

  private spare<Namespace extends Watched>(namespaces: readonly Namespace[], now: number): Namespace[] {
    const picked: Namespace[] = [];
    let left = SPARE_TICK_MS;
    // Never looked at: its first look is not paid from the spare time, or a new pod would wait for it.
    for (const one of namespaces.filter(({ last }) => last === null).sort(byNeed)) {
      if (left <= 0) return picked;
      picked.push(one);
      left -= this.usualCost(namespaces);
    }
    const wanting = namespaces.filter((one) => one.last !== null && isHarmless(one) && isWanting(one, now));
    // Oldest first, so that none waits for ever.
    wanting.sort((a, b) => (a.last as LastLook).at - (b.last as LastLook).at);
    for (const one of wanting) {
      if (left <= 0 || this.spareMs <= 0) return picked;
      picked.push(one);
      const { costMs } = one.last as LastLook;
      left -= costMs;
      this.spareMs -= costMs;
    }
    return picked;
  }

  private usualCost(namespaces: readonly Watched[]): number {
    const costs = namespaces.flatMap(({ last }) => (last === null ? [] : [last.costMs]));
    return costs.length === 0 ? FIRST_GUESS_MS : costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  }
}

/** What a look costs before there has been one. */
const FIRST_GUESS_MS = 2;

/** Whether the pulse alone proves that nothing can be near its limit. What was not well at the last look stays watched. */
function isHarmless({ pulse, unlisted, last }: Watched): boolean {
  if (last === null || last.verdict !== 'healthy' || last.usablePorts === null || pulse === null) return false;
  return socketsAtMost(pulse) + unlisted < last.usablePorts * HARMLESS_RATIO;
}

/** A million sockets take most of a second to look at. If they are no danger, that is not done at every tick. */
function isCalm({ pulse, last, isAskedAnew }: Watched, now: number): boolean {
  if (last === null || pulse === null || isAskedAnew || last.verdict !== 'healthy' || last.left < CALM_RATIO)
    return false;
  return now - last.at < Math.min(CALM_MOST_MS, last.costMs / CLOSE_SHARE);
}

function isWanting(one: Watched, now: number): boolean {
  const { pulse, last, isAskedAnew } = one;
  if (last === null || pulse === null) return false;
  return isAskedAnew || last.isUnfinished || Pace.hasChanged(one) || now - last.at >= STALE_MS;
}

function byNeed(a: Watched, b: Watched): number {
  const need = ({ pulse, last }: Watched) => (pulse === null ? 0 : socketsAtMost(pulse)) / (last?.usablePorts ?? 1);
  return need(b) - need(a);
}
