import { formatEndpoint } from '../agent/model/address.ts';
import type { Assessment, DestinationReport } from '../agent/model/assessment.ts';

/** The lowest headroom is that of so many seconds. */
const LOWEST_SECONDS = 60;
/** A look that comes later than this, and than looks do here (--tick), has not seen what was in between. */
const LONGEST_STEP_SECONDS = 10;
const LATE_RATIO = 3;
/** Destinations followed at once. What is not full by this share is left out. */
const MOST = 1000;
const WORTH_RATIO = 0.05;
/** What was not in use for so long is forgotten, and its counters begin anew. */
const FORGOTTEN_SECONDS = 3600;

export interface DestinationClock {
  /** For how long it has had no port, and connect() has been slow, since it was first seen. */
  readonly exhaustedSeconds: number;
  readonly slowSeconds: number;
  /** Lowest headroom of the last minute. */
  readonly lowest: number;
}

interface Followed {
  exhaustedSeconds: number;
  slowSeconds: number;
  seenAt: number;
  /** Lowest headroom by second, the newest last. */
  readonly lows: { readonly second: number; headroom: number }[];
}

/** What happens between two scrapes: they come every 15 s, and ports run out in less. */
export class DestinationClocks {
  /** By network namespace, then by destination. */
  private readonly followed = new Map<string, Map<string, Followed>>();
  private count = 0;
  private before: number | null = null;
  private usual = 0;

  note({ takenAt, namespaces }: Assessment): void {
    const now = Date.parse(takenAt) / 1000;
    const passed = this.before === null ? 0 : now - this.before;
    // A clock that was set tells nothing of what has passed.
    const step = passed > 0 && passed <= Math.max(LONGEST_STEP_SECONDS, this.usual * LATE_RATIO) ? passed : 0;
    if (passed > 0) this.usual = passed;
    this.before = now;
    for (const { label, destinations } of namespaces) {
      const known = this.followed.get(label) ?? new Map<string, Followed>();
      for (const one of destinations) this.noteOne(known, one, now, step);
      if (known.size > 0) this.followed.set(label, known);
    }
    this.forget(now);
  }

  /** null: there are too many to follow this one. */
  of(netns: string, one: DestinationReport): DestinationClock | null {
    const found = this.followed.get(netns)?.get(clockKey(one));
    if (found === undefined && this.count >= MOST) return null;
    if (found === undefined) return { exhaustedSeconds: 0, slowSeconds: 0, lowest: one.headroomPorts };
    const lowest = Math.min(one.headroomPorts, ...found.lows.map(({ headroom }) => headroom));
    return { exhaustedSeconds: found.exhaustedSeconds, slowSeconds: found.slowSeconds, lowest };
  }

  private noteOne(known: Map<string, Followed>, one: DestinationReport, now: number, step: number): void {
    const key = clockKey(one);
    let found = known.get(key);
    if (found === undefined) {
      if (one.usedPorts < one.usablePorts * WORTH_RATIO && one.verdict === 'healthy') return;
      if (this.count >= MOST) return;
      this.count++;
      found = { exhaustedSeconds: 0, slowSeconds: 0, seenAt: now, lows: [] };
      known.set(key, found);
    }
    found.seenAt = now;
    if (one.headroomPorts <= 0) found.exhaustedSeconds += step;
    if (one.forecast.slowConnectInSeconds === 0) found.slowSeconds += step;
    const second = Math.floor(now);
    const last = found.lows.at(-1);
    if (last?.second === second) last.headroom = Math.min(last.headroom, one.headroomPorts);
    else found.lows.push({ second, headroom: one.headroomPorts });
    while (found.lows.length > 0 && Math.abs(second - (found.lows[0] as { second: number }).second) > LOWEST_SECONDS) {
      found.lows.shift();
    }
  }

  private forget(now: number): void {
    for (const [label, known] of this.followed) {
      for (const [key, { seenAt }] of known) {
        if (Math.abs(now - seenAt) <= FORGOTTEN_SECONDS) continue;
        known.delete(key);
        this.count--;
      }
      if (known.size === 0) this.followed.delete(label);
    }
  }
}

function clockKey({ local, device, remote, remotePort }: DestinationReport): string {
  return `${local} ${device ?? ''} ${formatEndpoint(remote, remotePort)}`;
}
