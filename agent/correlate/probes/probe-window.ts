import {
  type CallSite,
  NO_COUNTS,
  NO_GAUGES,
  type ProbeCounts,
  type ProbeGauges,
  type ProbeIdentity,
  type ProbeMarks,
  type ProbeSums,
} from '../../model/probe.ts';

/** As long as a TIME_WAIT lasts: what was closed in that time is what holds ports now. */
export const WINDOW_MS = 60_000;
/** Between two snapshots. */
const STEP_MS = 5000;
/** A rate is of the last snapshot that is so old. */
const RATE_MS = 5000;

interface Snapshot {
  readonly at: number;
  readonly counts: ProbeCounts;
  readonly callSites: readonly CallSite[];
  /** Since the snapshot before. */
  marks: ProbeMarks;
}

const NO_MARKS: ProbeMarks = { open: 0, concurrent: 0, queued: 0 };

/** One path of one program: what it said last, and enough of before to tell the last minute from the rest. */
export class ProbeWindow {
  readonly probe: ProbeIdentity;
  sums: ProbeSums;
  private readonly snapshots: Snapshot[];
  private hasEnded = false;
  private readonly since: number;
  private lastAt: number;

  /** `isNew`: it began no earlier than a report ago, so that all that was counted is of just now. */
  constructor(probe: ProbeIdentity, sums: ProbeSums, at: number, isNew: boolean) {
    this.probe = probe;
    this.sums = sums;
    this.lastAt = at;
    this.since = isNew ? at - Math.min(probe.uptimeSeconds * 1000, STEP_MS) : at;
    const { counts, callSites, marks } = sums;
    const first = isNew ? { counts: NO_COUNTS, callSites: [] } : { counts, callSites };
    this.snapshots = [{ at: this.since, ...first, marks: NO_MARKS }];
    if (isNew) this.snapshots.push({ at, counts, callSites, marks });
    else (this.snapshots[0] as Snapshot).marks = marks;
  }

  /** What has been counted since the report before. */
  note(sums: ProbeSums, at: number): void {
    this.sums = sums;
    this.lastAt = at;
    this.hasEnded = false;
    const last = this.snapshots.at(-1) as Snapshot;
    if (at - last.at < STEP_MS) {
      last.marks = most(last.marks, sums.marks);
      return;
    }
    const { counts, callSites, marks } = sums;
    this.snapshots.push({ at, counts, callSites, marks });
    while (this.snapshots.length > 2 && (this.snapshots[1] as Snapshot).at <= at - WINDOW_MS) this.snapshots.shift();
  }

  /** The program has gone, or the way to it: what it did stays for a while, what it has is nothing. */
  end(): void {
    this.hasEnded = true;
  }

  get gauges(): ProbeGauges {
    return this.hasEnded ? NO_GAUGES : this.sums.gauges;
  }

  seconds(at: number): number {
    return Math.min(WINDOW_MS, at - this.since) / 1000;
  }

  counts(at: number): ProbeCounts {
    return difference(this.sums.counts, this.before(at - WINDOW_MS).counts);
  }

  callSites(at: number): readonly CallSite[] {
    const { callSites } = this.before(at - WINDOW_MS);
    const countBefore = (one: CallSite) =>
      callSites.find(({ site, reason }) => site === one.site && reason === one.reason)?.count ?? 0;
    return this.sums.callSites
      .map((one) => ({ ...one, count: one.count - countBefore(one) }))
      .filter(({ count }) => count > 0);
  }

  marks(at: number): ProbeMarks {
    return this.snapshots
      .filter((one) => one.at > at - WINDOW_MS)
      .reduce((sum, { marks }) => most(sum, marks), NO_MARKS);
  }

  requestsPerSecond(at: number): number {
    const { at: then, counts } = this.before(at - RATE_MS);
    const seconds = (at - then) / 1000;
    return seconds <= 0 ? 0 : (this.sums.counts.requests - counts.requests) / seconds;
  }

  /** The last snapshot of that time or earlier; the first, if there is none. A program that says nothing has done nothing. */
  private before(at: number): Snapshot {
    if (this.lastAt <= at) return { at: this.lastAt, ...this.sums };
    return this.snapshots.findLast((one) => one.at <= at) ?? (this.snapshots[0] as Snapshot);
  }
}

export function most(a: ProbeMarks, b: ProbeMarks): ProbeMarks {
  return {
    open: Math.max(a.open, b.open),
    concurrent: Math.max(a.concurrent, b.concurrent),
    queued: Math.max(a.queued, b.queued),
  };
}

/** A program that has begun anew counts from 0. */
export function difference(now: ProbeCounts, before: ProbeCounts): ProbeCounts {
  if (now.opens < before.opens || now.requests < before.requests) return now;
  return {
    opens: now.opens - before.opens,
    requests: now.requests - before.requests,
    opensBesideIdle: Math.max(0, now.opensBesideIdle - before.opensBesideIdle),
    closes: lessOf(now.closes, before.closes),
    connectErrors: lessOf(now.connectErrors, before.connectErrors),
  };
}

type Tally = { readonly [key in string]?: number };

function lessOf<Counts extends Tally>(now: Counts, before: Counts): Counts {
  const left: { [key: string]: number } = {};
  for (const [key, count = 0] of Object.entries(now)) {
    const more = count - (before[key] ?? 0);
    if (more > 0) left[key] = more;
  }
  return left as Counts;
}

export function sumOf<Counts extends Tally>(a: Counts, b: Counts): Counts {
  const sum: { [key in string]?: number } = { ...a };
  for (const [key, count = 0] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum as Counts;
}
