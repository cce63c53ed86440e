import { formatEndpoint } from '../model/address.ts';
import type { AlertName, Severity } from '../model/alert.ts';
import {
  type BindPoolReport,
  type DestinationReport,
  type NamespaceReport,
  poolHeadroom,
} from '../model/assessment.ts';
import {
  bindPoolTrouble,
  CRITICAL_HEADROOM_RATIO,
  CRITICAL_USED_RATIO,
  HORIZON_SECONDS,
  WARNING_HEADROOM_RATIO,
} from './verdict.ts';

/** From where on an alert fires; every one of them can be configured. */
export interface AlertThresholds {
  /** Of the usable ports, left. */
  readonly headroomWarningRatio: number;
  readonly headroomCriticalRatio: number;
  /** Of the usable ports, used: from here on a predicted end is critical. */
  readonly criticalUsedRatio: number;
  readonly horizonSeconds: number;
  /** Of conntrack's table and of TIME_WAIT's, used; null: these alerts are off. */
  readonly conntrackRatio: number | null;
  readonly timeWaitTableRatio: number | null;
}

export const DEFAULT_THRESHOLDS: AlertThresholds = {
  headroomWarningRatio: WARNING_HEADROOM_RATIO,
  headroomCriticalRatio: CRITICAL_HEADROOM_RATIO,
  criticalUsedRatio: CRITICAL_USED_RATIO,
  horizonSeconds: HORIZON_SECONDS,
  conntrackRatio: null,
  timeWaitTableRatio: null,
};

/** A level that it settles at within so much of the usable ports is the one it has. */
const LEVEL_RATIO = 0.05;

/** What is wrong with something now. */
export interface Condition {
  readonly alertname: AlertName;
  readonly severity: Severity;
  readonly summary: string;
  /** Whether it is yet to come, so that it may not. */
  readonly isForecast: boolean;
}

/** Of one destination, from a single report. */
export function destinationConditions(one: DestinationReport, limits: AlertThresholds): Condition[] {
  const { usablePorts, usedPorts, blockedPorts, headroomPorts, forecast } = one;
  const found: Condition[] = [];
  if (usedPorts === 0 || usablePorts === 0) return found;
  const name = nameOf(one);
  const say = (alertname: AlertName, severity: Severity, summary: string, isForecast = false) =>
    found.push({ alertname, severity, summary, isForecast });
  if (headroomPorts <= 0) {
    say('LastportPortsExhausted', 'critical', `${name} has no port left: every new connection fails`);
  }
  const isWithin = (seconds: number | null) => seconds !== null && seconds <= limits.horizonSeconds;
  if (isWithin(forecast.exhaustedInSecondsAtLow) && usesPorts(one)) {
    const summary = `${name} runs out of ports ${inWords(forecast.exhaustedInSeconds ?? forecast.exhaustedInSecondsAtLow)}`;
    const isForecast = headroomPorts > 0;
    say('LastportExhaustionPredicted', 'warning', summary, isForecast);
    if (usedPorts + blockedPorts >= usablePorts * limits.criticalUsedRatio) {
      say('LastportExhaustionPredicted', 'critical', summary, isForecast);
    }
  }
  const isAtCliff = forecast.slowConnectInSeconds === 0;
  if (isAtCliff || isWithin(forecast.slowConnectInSecondsAtLow)) {
    const when = isAtCliff ? 'are slow now' : `get slow ${inWords(forecast.slowConnectInSecondsAtLow)}`;
    say('LastportSlowConnect', 'warning', `New connections to ${name} ${when}: every second port is taken`, !isAtCliff);
  }
  const left = headroomPorts / usablePorts;
  const settles = forecast.settlesAtPorts;
  const isRecovering =
    forecast.kind === 'steady' &&
    settles !== null &&
    settles < usedPorts &&
    settles + blockedPorts < usablePorts * (1 - limits.headroomWarningRatio);
  const isLevel =
    forecast.exhaustedInSecondsAtLow === null && settles !== null && settles <= usedPorts + usablePorts * LEVEL_RATIO;
  const isToldAlready = isLevel && isAtCliff;
  if (left < limits.headroomWarningRatio && !isRecovering && !isToldAlready) {
    const summary = `${name} has ${percent(left)} of its ports left`;
    say('LastportHeadroomLow', 'warning', summary);
    if (left < limits.headroomCriticalRatio) say('LastportHeadroomLow', 'critical', summary);
  }
  return found;
}

/** A handful of ports used tells of nothing: another program's blocked ones are what is missing then. */
function usesPorts({ usedPorts, usablePorts, forecast }: DestinationReport): boolean {
  return usedPorts >= Math.min(20, usablePorts * 0.02) || forecast.exhaustedInSeconds === 0;
}

/** Of one local address that programs bind to before they connect. */
export function bindPoolConditions(pool: BindPoolReport, limits: AlertThresholds): Condition[] {
  const trouble = bindPoolTrouble(pool, limits.headroomWarningRatio, limits.horizonSeconds);
  if (trouble === null) return [];
  const left = poolHeadroom(pool);
  const name = `bind() before connect() from ${pool.local}`;
  const { exhaustedInSeconds, exhaustedInSecondsAtLow } = pool.forecast;
  const summary =
    left <= 0
      ? `${name} has no port left: it fails with EADDRINUSE`
      : trouble === 'predicted'
        ? `${name} runs out of ports ${inWords(exhaustedInSeconds ?? exhaustedInSecondsAtLow)}`
        : `${name} has ${percent(left / pool.usablePorts)} of its ports left`;
  return [{ alertname: 'LastportBindPoolLow', severity: 'warning', summary, isForecast: trouble === 'predicted' }];
}

/** Of one network namespace's tables. */
export function namespaceConditions(
  { label, counters, timeWaitMost }: NamespaceReport,
  limits: AlertThresholds,
): Condition[] {
  const found: Condition[] = [];
  const { conntrackEntries, conntrackMax, socketsTimeWait } = counters;
  if (
    limits.conntrackRatio !== null &&
    conntrackEntries !== undefined &&
    conntrackMax !== undefined &&
    conntrackMax > 0
  ) {
    const ratio = conntrackEntries / conntrackMax;
    if (ratio >= limits.conntrackRatio) {
      const summary = `The connection tracking table of ${label} is ${percent(ratio)} full: beyond, packets are dropped`;
      found.push({ alertname: 'LastportConntrackLow', severity: 'warning', summary, isForecast: false });
    }
  }
  if (
    limits.timeWaitTableRatio !== null &&
    socketsTimeWait !== undefined &&
    timeWaitMost !== null &&
    timeWaitMost > 0
  ) {
    const ratio = socketsTimeWait / timeWaitMost;
    if (ratio >= limits.timeWaitTableRatio) {
      const summary = `The TIME_WAIT table of ${label} is ${percent(ratio)} full (tcp_max_tw_buckets)`;
      found.push({ alertname: 'LastportTimeWaitTableFull', severity: 'warning', summary, isForecast: false });
    }
  }
  return found;
}

export function nameOf({ remote, remotePort, remoteName }: DestinationReport): string {
  const endpoint = formatEndpoint(remote, remotePort);
  return remoteName === null ? endpoint : `${remoteName} (${endpoint})`;
}

export function inWords(seconds: number | null): string {
  if (seconds === null) return 'soon';
  if (seconds <= 0) return 'now';
  if (seconds < 120) return `in ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return seconds < 7200 ? `in ${Math.round(seconds / 60)} min` : `in ${Math.round(seconds / 3600)} h`;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`;
}
