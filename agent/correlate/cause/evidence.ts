import type { CallSite, CloseReason, ProbeView } from '../../model/probe.ts';
import type { CauseFacts } from './facts.ts';

// What causes have in common: from when on a count says something, and how it is put into words.

/** Fewer of a kind in a minute are nobody's ports. */
export const LEAST = 10;
/** From such a share of the requests on it is a habit. */
const HABIT_RATIO = 0.05;
/** Or as soon as it takes such a share of the usable ports, whatever the share. */
const PORTS_RATIO = 0.02;
/** More than that, on average, and connections are used again. */
export const HARDLY_REUSED = 1.2;
/** Where this side closes so many of the connections that are opened, they are not kept. */
const CHURN_RATIO = 0.5;
const CHURN_PER_SECOND = 5;
/** What the kernel alone shows is looked into where ports are at stake. */
const MATTERS_RATIO = 0.05;

/** Closes for these reasons, in the minute. */
export function closesFor({ counts: { closes } }: ProbeView, reasons: readonly CloseReason[]): number {
  return reasons.reduce((sum, reason) => sum + (closes[reason] ?? 0), 0);
}

export function allCloses({ counts: { closes } }: ProbeView): number {
  return Object.values(closes).reduce((sum, count) => sum + count, 0);
}

/** connect() calls that failed, in the minute. */
export function failures({ counts: { connectErrors } }: ProbeView): number {
  return Object.values(connectErrors).reduce((sum, count) => sum + count, 0);
}

/** Whether so many closes are more than chance. */
export function isHabit({ probe, report: { usablePorts } }: CauseFacts, closes: number): boolean {
  if (probe === null || closes < LEAST) return false;
  return closes >= Math.max(probe.counts.requests, 1) * HABIT_RATIO || closes >= usablePorts * PORTS_RATIO;
}

/** Requests for each connection that was opened. */
export function reuse({ counts: { requests, opens } }: ProbeView): number {
  return opens === 0 ? Number.POSITIVE_INFINITY : requests / opens;
}

/**
 * Ports in TIME_WAIT that were closed for these reasons: counted port by port where the probe has told them all, else by
 * their share of the closes.
 */
export function waitingFor({ report, probe }: CauseFacts, reasons: readonly CloseReason[]): number {
  const waiting = report.states.time_wait ?? 0;
  if (probe === null || waiting === 0) return 0;
  const known = Object.values(probe.timeWait).reduce((sum, count) => sum + count, 0);
  const counted = reasons.reduce((sum, reason) => sum + (probe.timeWait[reason] ?? 0), 0);
  const closes = allCloses(probe);
  const rest = closes === 0 ? 0 : ((waiting - known) * closesFor(probe, reasons)) / closes;
  // One whose port nobody told may be anybody's.
  return Math.round(counted + Math.max(0, probe.isAll ? rest : 0));
}

/** Where in the program most of them come from; null: not sampled. */
export function siteOf({ callSites }: ProbeView, reasons: readonly CallSite['reason'][]): string | null {
  return callSites.find(({ reason }) => reasons.includes(reason))?.site ?? null;
}

/** Whether the kernel's own signs are to be read: no probe tells of all connections, and ports are at stake. */
export function isKernels({ probe, report }: CauseFacts): boolean {
  return probe?.isAll !== true && isAtStake(report);
}

/** Whether ports are short, will be, or are used in quantity. */
export function isAtStake({ verdict, usedPorts, usablePorts }: CauseFacts['report']): boolean {
  return verdict !== 'healthy' || usedPorts >= usablePorts * MATTERS_RATIO;
}

/** Whether ports are short, or will be: else what the host could do better is nobody's cause. */
export function isShort({ verdict }: CauseFacts['report']): boolean {
  return verdict === 'warning' || verdict === 'critical';
}

/** Connections opened and closed again by this side, a second; null: they are kept, or it is not known. */
export function churnPerSecond({ report: { opensPerSecond, closesPerSecond, states } }: CauseFacts): number | null {
  const local = closesPerSecond.local ?? 0;
  // Where opens are not known yet, TIME_WAIT by the dozen say as much.
  if (opensPerSecond === null) return local >= CHURN_PER_SECOND && (states.time_wait ?? 0) > LEAST ? local : null;
  return opensPerSecond >= CHURN_PER_SECOND && local >= opensPerSecond * CHURN_RATIO ? opensPerSecond : null;
}

export function liveOf({ usedPorts, states }: CauseFacts['report']): number {
  return usedPorts - (states.time_wait ?? 0);
}

/** "1 connection", "2,300 connections" */
export function many(count: number, what: string): string {
  return `${grouped(Math.round(count))} ${what}${Math.round(count) === 1 ? '' : what.endsWith('s') ? 'es' : 's'}`;
}

export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${Math.round((part / whole) * 100)} %`;
}

/** "in the last minute", "in the last 12 s" */
export function lately({ seconds }: ProbeView): string {
  return seconds >= 59 ? 'in the last minute' : `in the last ${Math.max(1, Math.round(seconds))} s`;
}

/** "3.2", "310" */
export function rate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : grouped(Math.round(perSecond));
}
