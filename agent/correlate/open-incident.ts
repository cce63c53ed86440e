import { type Verdict, worstVerdict } from '../model/assessment.ts';
import {
  INCIDENT_SCHEMA,
  type Incident,
  type IncidentBlindness,
  type IncidentDestination,
  type IncidentSummary,
} from '../model/incident.ts';
import { begun, followed, lowestRatio, type Moment, rounded, tenths, worstFirst } from './incident-destination.ts';
import { leftRatio } from './sample.ts';
import { SampleSeries, type TimedSample } from './sample-series.ts';
import type { Trouble } from './trouble.ts';

/** Told one by one; of more than that the worst, and how many more. */
const MOST_DESTINATIONS = 50;
/** Those are known by name, so that they are no news. */
const MOST_OTHERS = 5000;
const MOST_BLIND = 50;
/** Ten minutes in full, or a day with holes of minutes in it. */
const LIMITS = { samples: 600, characters: 4 << 20 };
/** Times at which more joined, around which samples are kept closer. */
const MOST_JOINS = 8;
/** When it becomes worse it is saved at once, but not for every tick. */
const SAVE_NEWS_MS = 1000;

/** connect() calls refused so far, by destination. */
export type ErrorTotals = ReadonlyMap<string, number>;

interface Followed {
  facts: IncidentDestination;
  readonly errorsBefore: number;
}

/** An incident that goes on: what has come of it so far, and the samples around it. */
export class OpenIncident {
  /** All must be well for so long before it is over. */
  readonly quietMs: number;
  /** When something last joined it. */
  joinedAt: number;
  private readonly host: string;
  private readonly began: Moment;
  private now: Moment;
  private lastTrouble: Moment;
  private readonly followed = new Map<string, Followed>();
  private readonly others = new Set<string>();
  private readonly blind = new Map<string, IncidentBlindness>();
  private readonly series = new SampleSeries(LIMITS);
  private readonly joins: number[] = [];
  private lowest = { ratio: Number.POSITIVE_INFINITY, at: 0 };
  /** No destination that is followed had more left when it was nearest: a bound, for in a storm each asks. */
  private mostLeft = Number.POSITIVE_INFINITY;
  private saved = { at: Number.NEGATIVE_INFINITY, state: '' };

  /** `before`: samples from before it began. */
  constructor(host: string, moment: Moment, before: readonly TimedSample[], quietMs: number) {
    this.host = host;
    this.quietMs = quietMs;
    this.began = moment;
    this.now = moment;
    this.lastTrouble = moment;
    this.joinedAt = moment.at;
    for (const sample of before) this.series.add(sample);
  }

  /** Whether it is about that. Where there is more than can be remembered, it is about everything. */
  has(key: string): boolean {
    return this.followed.has(key) || this.others.has(key) || this.blind.has(key) || this.others.size >= MOST_OTHERS;
  }

  get keys(): readonly string[] {
    return [...this.followed.keys(), ...this.blind.keys()];
  }

  isOver(at: number): boolean {
    return at - this.lastTrouble.at >= this.quietMs;
  }

  /** All the trouble of this look that is a matter of this incident, the new included; the worst first. */
  note(troubles: readonly Trouble[], moment: Moment, errors: ErrorTotals): void {
    this.now = moment;
    if (troubles.length > 0) this.lastTrouble = moment;
    if (troubles.some(({ key }) => !this.has(key))) {
      this.joinedAt = moment.at;
      if (this.joins.length < MOST_JOINS) this.joins.push(moment.at);
    }
    const keys = new Set<string>();
    for (const trouble of troubles) {
      keys.add(trouble.key);
      if (trouble.kind === 'destination') this.noteDestination(trouble, moment, errors);
      else this.noteBlind(trouble, moment);
    }
    const { takenAt } = moment;
    for (const [key, one] of this.followed) if (!keys.has(key)) one.facts = ended(one.facts, takenAt);
    for (const [key, one] of this.blind) if (!keys.has(key)) this.blind.set(key, ended(one, takenAt));
  }

  addSample(sample: TimedSample): void {
    this.series.add(sample, [this.began.at, this.lowest.at, this.lastTrouble.at, ...this.joins]);
  }

  /** What is to be kept of it now; null: there is no reason to. `isLast`: there will be no more. */
  toSave(isLast: boolean): Incident | null {
    const { at } = this.now;
    const state = `${worstVerdict(this.verdicts)} ${this.lowest.ratio <= 0}`;
    const passed = at - this.saved.at;
    const isNews = state !== this.saved.state && passed >= SAVE_NEWS_MS;
    if (!isLast && !isNews && passed < checkpointMs(at - this.began.at)) return null;
    this.saved = { at, state };
    return { summary: this.summary, samples: this.series.samples.map(({ text }) => text) };
  }

  private get isCalm(): boolean {
    return this.lastTrouble !== this.now;
  }

  private get verdicts(): readonly Verdict[] {
    const destinations = [...this.followed.values()].map(({ facts }) => facts.verdict);
    return this.blind.size > 0 ? [...destinations, 'blind'] : destinations;
  }

  private noteDestination(trouble: Trouble & { kind: 'destination' }, moment: Moment, errors: ErrorTotals): void {
    const { key, netns, one } = trouble;
    let found = this.followed.get(key);
    if (found === undefined) {
      if (!this.makeRoom(leftRatio(one))) {
        this.remember(key);
        return;
      }
      this.others.delete(key);
      found = { facts: begun(netns, one, moment), errorsBefore: errors.get(key) ?? 0 };
      this.followed.set(key, found);
    }
    found.facts = followed(found.facts, one, moment, found.errorsBefore);
    const ratio = leftRatio(one);
    if (ratio < this.lowest.ratio) this.lowest = { ratio, at: moment.at };
  }

  private noteBlind({ key, netns, why }: Trouble & { kind: 'blind' }, { takenAt }: Moment): void {
    const known = this.blind.get(key);
    if (known === undefined && this.blind.size >= MOST_BLIND) this.remember(key);
    else this.blind.set(key, { netns, since: known?.since ?? takenAt, until: null, why: known?.why ?? why });
  }

  /** Whether there is room for one of which so much is left: the one that came least near makes it, if that is better off. */
  private makeRoom(ratio: number): boolean {
    if (this.followed.size < MOST_DESTINATIONS) return true;
    if (ratio >= this.mostLeft) return false;
    let best = '';
    this.mostLeft = Number.NEGATIVE_INFINITY;
    for (const [key, { facts }] of this.followed) {
      if (lowestRatio(facts) <= this.mostLeft) continue;
      best = key;
      this.mostLeft = lowestRatio(facts);
    }
    if (ratio >= this.mostLeft) return false;
    this.followed.delete(best);
    this.remember(best);
    return true;
  }

  private remember(key: string): void {
    if (this.others.size < MOST_OTHERS) this.others.add(key);
  }

  private get summary(): IncidentSummary {
    const { began, now, lastTrouble } = this;
    return {
      schema: INCIDENT_SCHEMA,
      id: began.takenAt.replace(/[-:.]/g, ''),
      host: this.host,
      startedAt: began.takenAt,
      endedAt: this.isCalm ? lastTrouble.takenAt : null,
      writtenAt: now.takenAt,
      seconds: tenths((lastTrouble.at - began.at) / 1000 + began.passedSeconds),
      verdict: worstVerdict(this.verdicts),
      destinations: [...this.followed.values()].map(({ facts }) => rounded(facts)).sort(worstFirst),
      omittedDestinations: this.others.size,
      blind: [...this.blind.values()],
    };
  }
}

/** The first look at which it is well again ends it. */
function ended<Part extends { readonly until: string | null }>(part: Part, takenAt: string): Part {
  return part.until === null ? { ...part, until: takenAt } : part;
}

/** What goes on is written anew so often: a crash costs a tenth of it, ten minutes at most, and a disk is not worn out. */
function checkpointMs(ageMs: number): number {
  return Math.min(Math.max(ageMs / 10, 2000), 10 * 60_000);
}
