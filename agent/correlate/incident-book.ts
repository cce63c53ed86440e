import type { Assessment } from '../model/assessment.ts';
import type { Incident } from '../model/incident.ts';
import { type Moment, totalOf } from './incident-destination.ts';
import { type ErrorTotals, OpenIncident } from './open-incident.ts';
import { byRisk, sampleOf } from './sample.ts';
import { SampleSeries } from './sample-series.ts';
import { destinationKey, type Trouble, TroubleFinder } from './trouble.ts';

/** Kept from before an incident, and after its end. */
export const AROUND_MS = 120_000;
/** What comes so soon after the last that came, while it goes on, is of the same incident. */
export const JOIN_MS = 10 * 60_000;
/** What comes back so soon after its incident was over must be well for twice as long the next time, up to MOST_QUIET_MS. */
const AGAIN_MS = 10 * 60_000;
const MOST_QUIET_MS = 30 * 60_000;
/** Destinations of incidents that are over, remembered for that. */
const MOST_LATELY = 500;
/** At once; what comes beyond is of the latest. Each holds 4 MB of samples at most. */
const MOST_OPEN = 3;
/** At a tick of 1 s all, at a shorter one not every one. */
const SAMPLE_EVERY_MS = 950;
const RING = { samples: 130, characters: 2 << 20 };

/** What came of one update. */
export interface IncidentNews {
  /** Incidents that have begun with it. */
  readonly begun: number;
  /** To be written now. */
  readonly toSave: readonly Incident[];
}

/**
 * Which incidents there are, from Assessment to Assessment. One begins when a destination comes to `warning` or worse, or a
 * namespace becomes blind; it is over when all that it is about has been well for 120 s.
 */
export class IncidentBook {
  private readonly finder = new TroubleFinder();
  private readonly ring = new SampleSeries(RING);
  private open: readonly OpenIncident[] = [];
  private readonly lately = new Map<string, { readonly at: number; readonly quietMs: number }>();
  private errors: ErrorTotals = new Map();
  private before: number | null = null;

  /** `at` in ms on a clock that no one sets. */
  update(assessment: Assessment, at: number): IncidentNews {
    const passedSeconds = this.before === null ? 0 : (at - this.before) / 1000;
    this.before = at;
    this.ring.dropBefore(at - AROUND_MS);
    const moment: Moment = { takenAt: assessment.takenAt, at, passedSeconds };
    const troubles = this.finder.find(assessment, at).sort(worstFirst);
    const fresh = troubles.filter(({ key }) => !this.open.some((one) => one.has(key)));
    const newest = this.open.at(-1);
    let into = newest;
    if (fresh.length > 0 && (newest === undefined || !this.isJoined(newest, at))) {
      into = new OpenIncident(assessment.host.name, moment, this.ring.samples, this.quietMs(fresh, at));
      this.open = [...this.open, into];
    }
    const takes = new Set(fresh);
    for (const one of this.open) {
      const own = troubles.filter((trouble) => (takes.has(trouble) ? one === into : one.has(trouble.key)));
      one.note(own, moment, this.errors);
    }
    this.errors = errorTotals(assessment);
    this.sample(assessment, at, fresh.length > 0);
    return { begun: into === newest ? 0 : 1, toSave: this.toSave(at) };
  }

  /** All that goes on, for when nobody looks any more. */
  end(): readonly Incident[] {
    return this.open.map((one) => one.toSave(true)).filter((incident) => incident !== null);
  }

  private isJoined(newest: OpenIncident, at: number): boolean {
    return at - newest.joinedAt <= JOIN_MS || this.open.length >= MOST_OPEN;
  }

  private quietMs(fresh: readonly Trouble[], at: number): number {
    const before = fresh.map(({ key }) => this.lately.get(key)).filter((one) => one !== undefined);
    const again = before.filter((one) => at - one.at < AGAIN_MS).map(({ quietMs }) => quietMs * 2);
    return Math.min(MOST_QUIET_MS, Math.max(AROUND_MS, ...again));
  }

  private sample(assessment: Assessment, at: number, isNews: boolean): void {
    const { last } = this.ring;
    if (last !== undefined && at - last.at < SAMPLE_EVERY_MS && !isNews) return;
    const sample = { at, text: JSON.stringify(sampleOf(assessment)) };
    this.ring.add(sample);
    for (const one of this.open) one.addSample(sample);
  }

  private toSave(at: number): Incident[] {
    const over = this.open.filter((one) => one.isOver(at));
    const toSave = this.open.map((one) => one.toSave(over.includes(one))).filter((incident) => incident !== null);
    for (const { keys, quietMs } of over) {
      for (const key of keys) {
        this.lately.delete(key);
        this.lately.set(key, { at, quietMs });
      }
    }
    for (const key of this.lately.keys()) {
      if (this.lately.size <= MOST_LATELY) break;
      this.lately.delete(key);
    }
    if (over.length > 0) this.open = this.open.filter((one) => !over.includes(one));
    return toSave;
  }
}

function worstFirst(a: Trouble, b: Trouble): number {
  if (a.kind === 'blind' || b.kind === 'blind') return Number(b.kind === 'blind') - Number(a.kind === 'blind');
  return byRisk(a.one, b.one);
}

function errorTotals({ namespaces }: Assessment): ErrorTotals {
  const totals = new Map<string, number>();
  for (const { label, destinations } of namespaces) {
    for (const one of destinations) {
      const { connectErrors } = one;
      if (connectErrors === null || connectErrors.length === 0) continue;
      totals.set(destinationKey(label, one), totalOf(connectErrors));
    }
  }
  return totals;
}
