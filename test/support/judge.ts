// What came of a scenario, held against what should have: was it seen coming, in time, and was nobody woken for nothing.

import { HELD_SECONDS, type Scenario } from './scenarios.ts';
import { type Outcome, simulate } from './simulator.ts';

/** How the usual rules look at a host: scraped so often, and evaluated then, in s. */
const SCRAPE_SECONDS = 15;
/** Nobody can tell a storm from a burst of 0.7 s, which must not alarm, before it has lasted longer; then somebody must look. */
const TELLING_SECONDS = 1;

export interface Judgement {
  readonly scenario: Scenario;
  /** In s: when the first connect() failed, or would have if those before had not been slowed down; null: never. */
  readonly endsAt: number | null;
  /** Whether one did: past the cliff a demand that is too high may be slowed down so much that it never gets there. */
  readonly isReal: boolean;
  /** In s: from then on it was bound to. */
  readonly sufficientAt: number | null;
  /** In s: the first alert that says so, of ours and of each usual rule; null: none. */
  readonly alertAt: number | null;
  readonly usualAt: Readonly<Record<UsualRule, number | null>>;
  /** Alerts about the end that were still firing when all was over. */
  readonly unresolved: number;
  readonly outcome: Outcome;
}

export const USUAL_RULES = ['TIME_WAIT > 70 %', 'used > 80 %', 'predict_linear, 2 min'] as const;
export type UsualRule = (typeof USUAL_RULES)[number];

export const PREDICTED = 'LastportExhaustionPredicted';
export const ABOUT_THE_END: readonly string[] = [PREDICTED, 'LastportPortsExhausted'];

export function judge(scenario: Scenario): Judgement {
  const { options } = scenario;
  const totals: { at: number; used: number; waiting: number }[] = [];
  const outcome = simulate(options, ({ at, pools }) => {
    const second = Math.round(at);
    if (totals.at(-1)?.at !== second) totals.push({ at: second, ...pools });
  });
  // What the demand would have done: past the cliff it does not show any more.
  const free = simulate({ ...options, cores: Number.POSITIVE_INFINITY, isWatched: false });
  const endsAt = outcome.exhaustedAt ?? free.exhaustedAt;
  const isReal = outcome.exhaustedAt !== null;
  const about = outcome.alerts.filter(({ alert }) => ABOUT_THE_END.includes(alert.labels.alertname));
  const first = about.find(({ alert }) => alert.endsAt === null);
  const unresolved = about.reduce((sum, { alert }) => sum + (alert.endsAt === null ? 1 : -1), 0);
  return {
    scenario,
    endsAt,
    isReal,
    sufficientAt: endsAt === null ? null : scenario.sufficientAt,
    alertAt: first?.at ?? null,
    usualAt: usual(totals, options.ports, options.seed % SCRAPE_SECONDS),
    unresolved,
    outcome,
  };
}

/** As a Prometheus sees it that scrapes node_exporter: totals of the host, every 15 s; each rule without any `for`. */
function usual(
  totals: readonly { readonly at: number; readonly used: number; readonly waiting: number }[],
  ports: number,
  phase: number,
): Readonly<Record<UsualRule, number | null>> {
  const scrapes = totals.filter(({ at }) => at % SCRAPE_SECONDS === phase);
  const first = (is: (index: number) => boolean) => scrapes[scrapes.findIndex((_, index) => is(index))]?.at ?? null;
  const at = (index: number) => scrapes[index] as (typeof scrapes)[number];
  return {
    'TIME_WAIT > 70 %': first((index) => at(index).waiting > ports * 0.7),
    'used > 80 %': first((index) => at(index).used > ports * 0.8),
    'predict_linear, 2 min': first((index) => {
      const window = scrapes.slice(0, index + 1).filter((one) => one.at > at(index).at - 120);
      return window.length >= 2 && inTwoMinutes(window) > ports;
    }),
  };
}

/** predict_linear(used[2m], 120): least squares. */
function inTwoMinutes(window: readonly { readonly at: number; readonly used: number }[]): number {
  const count = window.length;
  const now = (window.at(-1) as { at: number }).at;
  const mean = window.reduce((sum, { used }) => sum + used, 0) / count;
  const middle = window.reduce((sum, { at }) => sum + at, 0) / count;
  const moment = window.reduce((sum, { at, used }) => sum + (at - middle) * (used - mean), 0);
  const spread = window.reduce((sum, { at }) => sum + (at - middle) ** 2, 0);
  return mean + (moment / spread) * (now + 120 - middle);
}

/** Lead that was to be had, and how much of it must be kept, in s; null: to be told at all is enough. */
function leadWanted({ endsAt, sufficientAt, scenario }: Judgement): number | null {
  if (endsAt === null || sufficientAt === null || scenario.ratio === null) return null;
  const possible = endsAt - sufficientAt;
  return scenario.ratio >= 1.25 ? Math.min(possible * 0.9, possible - TELLING_SECONDS) : 10;
}

/** What is wrong with it; null: nothing. */
export function faultOf(judgement: Judgement): string | null {
  const { endsAt, isReal, alertAt, unresolved, scenario } = judgement;
  if (endsAt === null) {
    if (scenario.mayWarn) return unresolved > 0 ? 'still fires' : null;
    return alertAt === null ? null : `false alarm at ${alertAt.toFixed(1)} s`;
  }
  if (!isReal && (alertAt === null || alertAt >= endsAt)) return null;
  if (alertAt === null || alertAt >= endsAt) return `not seen before its end at ${endsAt.toFixed(1)} s`;
  const wanted = leadWanted(judgement);
  const lead = endsAt - alertAt;
  if (wanted !== null && lead < wanted) return `lead ${lead.toFixed(1)} s of ${wanted.toFixed(1)} s wanted`;
  return null;
}

export interface Score {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly missed: number;
  /** In s, median over what was seen. */
  readonly medianLead: number | null;
  /** Of the lead that was to be had; median. */
  readonly medianShare: number | null;
}

/** `alertAt` of which detector: ours, or a usual rule. */
export function score(judgements: readonly Judgement[], alertAt: (one: Judgement) => number | null): Score {
  const leads: number[] = [];
  const shares: number[] = [];
  let falsePositives = 0;
  let missed = 0;
  for (const one of judgements) {
    const at = alertAt(one);
    if (one.endsAt === null) {
      if (at !== null && !one.scenario.mayWarn) falsePositives++;
    } else if (at === null || at >= one.endsAt) missed += one.isReal ? 1 : 0;
    else {
      leads.push(one.endsAt - at);
      if (one.sufficientAt !== null) shares.push((one.endsAt - at) / (one.endsAt - one.sufficientAt));
    }
  }
  return {
    truePositives: leads.length,
    falsePositives,
    missed,
    medianLead: median(leads),
    medianShare: median(shares),
  };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

export const sustainable = (ports: number): number => ports / HELD_SECONDS;
