import { type DestinationReport, VERDICTS, worstVerdict } from '../model/assessment.ts';
import type { IncidentDestination } from '../model/incident.ts';
import { causeWords } from './cause-words.ts';

/** One look, as the clocks see it. */
export interface Moment {
  /** ISO 8601. */
  readonly takenAt: string;
  /** In ms on a clock that no one sets. */
  readonly at: number;
  /** Since the look before. */
  readonly passedSeconds: number;
}

/** Of a destination that has just become part of an incident. */
export function begun(netns: string, one: DestinationReport, { takenAt }: Moment): IncidentDestination {
  const { local, device, remote, remotePort, remoteName, verdict, usablePorts, headroomPorts, usedPorts } = one;
  return {
    netns,
    local,
    device,
    remote,
    remotePort,
    remoteName,
    since: takenAt,
    until: null,
    verdict,
    lowestHeadroomPorts: headroomPorts,
    lowestAt: takenAt,
    usablePorts,
    mostUsedPorts: usedPorts,
    exhaustedSeconds: 0,
    slowSeconds: 0,
    connectErrors: null,
    mostOpensPerSecond: null,
    owner: null,
    cause: null,
    remedy: null,
  };
}

/** With what a look adds at which it was not well. `errorsBefore`: connect() calls refused before it all began. */
export function followed(
  facts: IncidentDestination,
  one: DestinationReport,
  { takenAt, passedSeconds }: Moment,
  errorsBefore: number,
): IncidentDestination {
  const { headroomPorts, usablePorts, opensPerSecond, connectErrors } = one;
  const isLower = leftRatio(headroomPorts, usablePorts) < lowestRatio(facts);
  const isLowest = isLower || headroomPorts === facts.lowestHeadroomPorts;
  const [owner = null] = one.owners ?? [];
  const words = causeWords(one);
  // What made it so low; where connect() fails, connections no longer come and go as they did, and nothing is known any more.
  const isWords = words !== null && ((isLower && one.causes[0]?.cause !== 'unknown') || facts.cause === null);
  return {
    ...facts,
    ...(isLower ? { lowestHeadroomPorts: headroomPorts, lowestAt: takenAt, usablePorts } : {}),
    ...(owner !== null && (isLowest || facts.owner === null) ? { owner } : {}),
    ...(isWords ? words : {}),
    remoteName: one.remoteName ?? facts.remoteName,
    until: null,
    verdict: worstVerdict([facts.verdict, one.verdict]),
    mostUsedPorts: Math.max(facts.mostUsedPorts, one.usedPorts),
    exhaustedSeconds: facts.exhaustedSeconds + (headroomPorts <= 0 ? passedSeconds : 0),
    slowSeconds: facts.slowSeconds + (one.forecast.slowConnectInSeconds === 0 ? passedSeconds : 0),
    // The trace may have been given up meanwhile: what it counted stays.
    connectErrors: connectErrors === null ? facts.connectErrors : Math.max(0, totalOf(connectErrors) - errorsBefore),
    mostOpensPerSecond: highest(facts.mostOpensPerSecond, opensPerSecond),
  };
}

/** As people read it. */
export function rounded(facts: IncidentDestination): IncidentDestination {
  const { exhaustedSeconds, slowSeconds } = facts;
  return { ...facts, exhaustedSeconds: tenths(exhaustedSeconds), slowSeconds: tenths(slowSeconds) };
}

export const tenths = (value: number): number => Math.round(value * 10) / 10;

/** By how near it came, and for how long it was there. */
export function worstFirst(a: IncidentDestination, b: IncidentDestination): number {
  return (
    lowestRatio(a) - lowestRatio(b) ||
    b.exhaustedSeconds - a.exhaustedSeconds ||
    VERDICTS.indexOf(b.verdict) - VERDICTS.indexOf(a.verdict)
  );
}

export const lowestRatio = ({ lowestHeadroomPorts, usablePorts }: IncidentDestination): number =>
  leftRatio(lowestHeadroomPorts, usablePorts);

const leftRatio = (headroomPorts: number, usablePorts: number): number =>
  usablePorts === 0 ? 0 : headroomPorts / usablePorts;

export const totalOf = (errors: NonNullable<DestinationReport['connectErrors']>): number =>
  errors.reduce((sum, { total }) => sum + total, 0);

function highest(known: number | null, now: number | null): number | null {
  if (known === null || now === null) return known ?? now;
  return Math.max(known, now);
}
