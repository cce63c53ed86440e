import { formatEndpoint } from '../model/address.ts';
import type { Alert, AlertLabels, Annotations, Severity } from '../model/alert.ts';
import {
  type Assessment,
  type BindPoolReport,
  type DestinationReport,
  type NamespaceReport,
  poolHeadroom,
} from '../model/assessment.ts';
import type { Cause } from '../model/cause.ts';
import {
  type AlertThresholds,
  bindPoolConditions,
  type Condition,
  destinationConditions,
  inWords,
  nameOf,
  namespaceConditions,
} from './alert-conditions.ts';
import { causeWords } from './cause-words.ts';
import { Episodes, FLAP_MS } from './episodes.ts';
import { LeakWatch } from './leak.ts';
import { LearnedCause } from './learned-cause.ts';
import { describePool } from './pool-words.ts';
import { poolConditions, poolDetails } from './pools/pool-conditions.ts';

/** The contrary must have held so long before an alert is resolved. */
export const RESOLVE_AFTER_MS = 30_000;
/** What flaps must have been over twice as long each time, up to this. */
const RESOLVE_MOST_MS = 10 * 60_000;
/** More destinations than that with one alert are one alert, until they are half as many. */
export const STORM = 10;
/** Something that worked must have failed so long to be called blind. */
const BLIND_AFTER_MS = 10_000;

/** Other rules for what it matches, until it ends. */
export interface AlertOverride {
  /** null: whatever it is. */
  readonly destination: string | null;
  readonly unit: string | null;
  readonly netns: string | null;
  readonly thresholds: Partial<AlertThresholds>;
  /** null: nothing fires at all. */
  readonly maxSeverity: Severity | null | undefined;
  /** In ms since the epoch; null: for good. */
  readonly until: number | null;
}

export interface AlertRules {
  readonly thresholds: AlertThresholds;
  readonly overrides: readonly AlertOverride[];
  /** On every alert: `instance`, and what the configuration adds. */
  readonly labels: { readonly [name: string]: string };
  readonly runbookBase: string;
  readonly dashboardUrl: string | null;
}

interface Known {
  /** What it tells of. */
  readonly about: string;
  readonly labels: AlertLabels;
  readonly startsAt: number;
  annotations: Annotations;
  /** On the clock that no one sets: when it was last true. */
  trueAt: number;
  readonly resolveAfterMs: number;
  readonly why: LearnedCause;
}

/** Annotations beside the summary. */
interface Details {
  readonly description: string;
  readonly [name: string]: string;
}

interface Wanted {
  readonly about: string;
  readonly condition: Condition;
  readonly where: Pick<AlertLabels, 'netns' | 'local' | 'destination' | 'pool' | 'what'>;
  readonly unit: string | null;
  readonly annotations: Annotations;
  /** The first cause; null: not known, or none of a destination. */
  readonly cause: Cause | null;
  /** How bad it is, the worst first. */
  readonly rank: number;
}

/** What came of one update. */
export interface AlertNews {
  /** Begun or resolved now. */
  readonly changed: readonly Alert[];
  /** Said before without the cause, or with another one, which is known now. */
  readonly learned: readonly Alert[];
  readonly firing: readonly Alert[];
}

/**
 * Which alerts fire, from Assessment to Assessment. Fires at once; resolves when the contrary has held for a while;
 * changes only annotations in between.
 */
export class AlertBook {
  private readonly known = new Map<string, Known>();
  private readonly resolved = new Map<string, { readonly at: number; readonly resolveAfterMs: number }>();
  private readonly episodes = new Episodes();
  private readonly leaks = new LeakWatch();
  private readonly worked = new Set<string>();
  private readonly failing = new Map<string, number>();
  rules: AlertRules;

  constructor(rules: AlertRules) {
    this.rules = rules;
  }

  /** `now` in ms since the epoch dates alerts; `at`, on a clock that no one sets, times them. */
  update(assessment: Assessment, now: number, at: number): AlertNews {
    const changed: Alert[] = [];
    const learned: Alert[] = [];
    for (const one of folded(this.wanted(assessment, now, at), (key) => this.known.has(key))) {
      const key = keyOf(one);
      const known = this.known.get(key);
      if (!this.episodes.isBelieved(key, one.condition.isForecast, at)) continue;
      if (known !== undefined) {
        known.annotations = one.annotations;
        known.trueAt = at;
        if (known.why.isNews(one.cause, at)) learned.push(firingOf(known));
        continue;
      }
      const { alertname, severity } = one.condition;
      // All that fires of a destination has one unit: an alert that begins later inhibits, or follows, the others.
      const other = [...this.known.values()].find(({ about }) => about === one.about);
      const unit = other === undefined ? one.unit : other.labels.unit;
      const labels = { ...this.rules.labels, ...one.where, ...(unit ? { unit } : {}), alertname, severity };
      const before = this.resolved.get(key);
      const isFlapping = before !== undefined && at - before.at < FLAP_MS;
      const resolveAfterMs = isFlapping ? Math.min(before.resolveAfterMs * 2, RESOLVE_MOST_MS) : RESOLVE_AFTER_MS;
      const { about, annotations } = one;
      const why = new LearnedCause(one.cause);
      const begun = { about, labels, annotations, startsAt: now, trueAt: at, resolveAfterMs, why };
      this.known.set(key, begun);
      changed.push(firingOf(begun));
    }
    this.episodes.turn(at);
    const isUnseen = unseen(assessment);
    for (const [key, one] of this.known) {
      if (isUnseen(one.labels)) one.trueAt = at;
      if (at - one.trueAt < one.resolveAfterMs) continue;
      this.known.delete(key);
      this.resolved.set(key, { at, resolveAfterMs: one.resolveAfterMs });
      const { labels, annotations, startsAt } = one;
      changed.push({ labels, annotations, startsAt, endsAt: Math.max(now, startsAt) });
    }
    for (const [key, { at: then }] of this.resolved) if (at - then >= FLAP_MS) this.resolved.delete(key);
    return { changed, learned, firing: this.firing };
  }

  get firing(): readonly Alert[] {
    return [...this.known.values()].map(firingOf);
  }

  private wanted(assessment: Assessment, now: number, at: number): Wanted[] {
    const wanted = this.blindness(assessment, at);
    for (const namespace of assessment.namespaces) {
      const netns = namespace.label;
      for (const condition of namespaceConditions(namespace, this.rules.thresholds)) {
        const annotations = this.annotated(condition, { description: condition.summary });
        wanted.push({ about: netns, condition, where: { netns }, unit: null, annotations, cause: null, rank: 0 });
      }
      for (const one of namespace.destinations) wanted.push(...this.wantedOf(namespace, one, now, at));
      for (const pool of namespace.bindPools) wanted.push(...this.wantedOfPool(netns, pool, now));
    }
    for (const pool of assessment.pools) {
      const { name, netns } = pool;
      const where = netns === null ? { pool: name } : { netns };
      for (const condition of poolConditions(pool, this.rules.thresholds)) {
        const annotations = this.annotated(condition, poolDetails(pool));
        wanted.push({
          about: netns ?? `pool ${name}`,
          condition,
          where,
          unit: null,
          annotations,
          cause: null,
          rank: 0,
        });
      }
    }
    this.leaks.forget(at);
    return wanted;
  }

  private wantedOf(namespace: NamespaceReport, one: DestinationReport, now: number, at: number): Wanted[] {
    const netns = namespace.label;
    const destination = formatEndpoint(one.remote, one.remotePort);
    const local = one.device === null ? (one.local ?? '') : `${one.local}%${one.device}`;
    const about = `${netns} ${local} ${destination}`;
    const unit = one.owners?.[0]?.unit ?? null;
    const override = this.overrideFor({ destination, unit, netns }, now);
    const thresholds = { ...this.rules.thresholds, ...override?.thresholds };
    const conditions = destinationConditions(one, thresholds);
    const leak = this.leaks.watch(about, one, at);
    if (leak !== null) conditions.push(leak);
    return conditions
      .filter(({ severity }) => isAllowed(severity, override))
      .map((condition) => ({
        about,
        condition,
        where: { netns, local, destination },
        unit,
        annotations: this.annotated(condition, describe(one)),
        cause: knownCause(one),
        rank: one.headroomPorts / Math.max(1, one.usablePorts),
      }));
  }

  /** A pool has no destination and no unit: an override that names one does not match it. */
  private wantedOfPool(netns: string, pool: BindPoolReport, now: number): Wanted[] {
    const { local } = pool;
    const override = this.overrideFor({ destination: null, unit: null, netns }, now);
    const thresholds = { ...this.rules.thresholds, ...override?.thresholds };
    return bindPoolConditions(pool, thresholds)
      .filter(({ severity }) => isAllowed(severity, override))
      .map((condition) => ({
        about: `${netns} bind ${local}`,
        condition,
        where: { netns, local },
        unit: null,
        annotations: this.annotated(condition, describePool(pool)),
        cause: null,
        rank: poolHeadroom(pool) / Math.max(1, pool.usablePorts),
      }));
  }

  private overrideFor(
    facts: { readonly destination: string | null; readonly unit: string | null; readonly netns: string },
    now: number,
  ): AlertOverride | undefined {
    return this.rules.overrides.find(
      ({ destination, unit, netns, until }) =>
        (until === null || now < until) &&
        (destination === null || destination === facts.destination) &&
        (unit === null || unit === facts.unit) &&
        (netns === null || netns === facts.netns),
    );
  }

  /** What once worked and has stopped; what this kernel never offered is no alert. */
  private blindness(assessment: Assessment, at: number): Wanted[] {
    const states: [string, boolean][] = [
      ...assessment.collectors.map(({ collector, ok }): [string, boolean] => [`collector ${collector}`, ok]),
      ...assessment.namespaces.map(({ label, verdict }): [string, boolean] => [
        `namespace ${label}`,
        verdict !== 'blind',
      ]),
    ];
    const wanted: Wanted[] = [];
    for (const [what, ok] of states) {
      if (ok) {
        this.worked.add(what);
        this.failing.delete(what);
        continue;
      }
      if (!this.worked.has(what)) continue;
      const since = this.failing.get(what) ?? at;
      this.failing.set(what, since);
      if (at - since < BLIND_AFTER_MS) continue;
      const condition: Condition = {
        alertname: 'LastportBlind',
        severity: 'warning',
        isForecast: false,
        summary: `Lastport cannot see any more: ${what}`,
      };
      const why = assessment.gaps.map((gap) => `${gap.what}: ${gap.why}`).slice(0, 3);
      const annotations = this.annotated(condition, { description: why.join('; ') || condition.summary });
      wanted.push({ about: what, condition, where: { what }, unit: null, annotations, cause: null, rank: 0 });
    }
    return wanted;
  }

  private annotated({ alertname, summary }: Condition, more: Details): Annotations {
    const { runbookBase, dashboardUrl } = this.rules;
    const dashboard = dashboardUrl === null ? {} : { dashboard_url: dashboardUrl };
    return { summary, ...more, runbook_url: `${runbookBase}#${alertname.toLowerCase()}`, ...dashboard };
  }
}

const firingOf = ({ labels, annotations, startsAt }: Known): Alert => ({ labels, annotations, startsAt, endsAt: null });

/** What is to be mended; null: nobody knows. */
function knownCause({ causes: [first] }: DestinationReport): Cause | null {
  return first === undefined || first.cause === 'unknown' ? null : first.cause;
}

const keyOf = ({ about, condition }: Pick<Wanted, 'about' | 'condition'>): string =>
  `${about}|${condition.alertname}|${condition.severity}`;

/**
 * Where a storm takes many destinations at once, one alert for all, that names the worst. What fires on its own already
 * goes on: to end it would be news that is not true.
 */
function folded(wanted: readonly Wanted[], isKnown: (key: string) => boolean): readonly Wanted[] {
  const kinds = new Map<string, Wanted[]>();
  for (const one of wanted) {
    const kind = `${one.condition.alertname}|${one.condition.severity}`;
    const same = kinds.get(kind);
    if (same === undefined) kinds.set(kind, [one]);
    else same.push(one);
  }
  return [...kinds.values()].flatMap((same) => {
    const [{ condition }] = same as [Wanted];
    const isStorm = isKnown(keyOf({ about: ALL, condition }));
    if (same.length <= (isStorm ? STORM / 2 : STORM)) return same;
    const worst = same.reduce((a, b) => (b.rank < a.rank ? b : a));
    const summary = `${same.length} destinations, the worst: ${worst.annotations.summary}`;
    const storm: Wanted = {
      ...worst,
      about: ALL,
      condition: { ...worst.condition, summary },
      where: { destination: 'many' },
      unit: null,
      annotations: { ...worst.annotations, summary },
    };
    return [storm, ...same.filter((one) => isKnown(keyOf(one)))];
  });
}

/** What a storm is about. */
const ALL = 'all destinations';

/** What is known of a destination, in words. */
function describe(one: DestinationReport): Details {
  const { usedPorts, usablePorts, headroomPorts, fastHeadroomPorts, forecast, opensPerSecond } = one;
  const rate = opensPerSecond === null ? '' : `, ${Math.round(opensPerSecond)} new connections a second`;
  const deadlines = [
    forecast.slowConnectInSeconds === null ? '' : `slow ${inWords(forecast.slowConnectInSeconds)}`,
    forecast.exhaustedInSeconds === null ? '' : `out of ports ${inWords(forecast.exhaustedInSeconds)}`,
  ].filter((text) => text !== '');
  const waiting = one.states.time_wait ?? 0;
  const description = [
    `${nameOf(one)} from ${one.local ?? 'any address'} uses ${usedPorts} of ${usablePorts} ports (${waiting} in TIME_WAIT)${rate}`,
    `${headroomPorts} left, ${Math.max(0, fastHeadroomPorts)} before connect() gets slow`,
    ...(deadlines.length === 0 ? [] : [deadlines.join(', ')]),
  ].join('; ');
  const [owner] = one.owners ?? [];
  const who =
    owner === undefined
      ? {}
      : {
          owner: `${owner.unit ?? owner.container ?? owner.command}${owner.pid === null ? '' : ` (pid ${owner.pid})`}: ${owner.usedPorts} ports, ${owner.how}`,
        };
  return { description, ...who, ...causeWords(one) };
}

function isAllowed(severity: Severity, override: AlertOverride | undefined): boolean {
  const most = override?.maxSeverity;
  return most === undefined || (most !== null && (severity === 'warning' || most === 'critical'));
}

/** Which alerts are about what cannot be seen now: that is no sign that they are over. */
function unseen({ namespaces }: Assessment): (labels: AlertLabels) => boolean {
  const blind = new Set(namespaces.flatMap(({ label, verdict }) => (verdict === 'blind' ? [label] : [])));
  return ({ netns, what }) => what === undefined && (netns === undefined ? blind.size > 0 : blind.has(netns));
}
