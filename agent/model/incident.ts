import type { Assessment, Owner, Verdict } from './assessment.ts';

export const INCIDENT_SCHEMA = 'lastport-incident/1';

/** What a destination came to in an incident. Times are ISO 8601, UTC. */
export interface IncidentDestination {
  /** Its network namespace, by the name that people know. */
  readonly netns: string;
  readonly local: string | null;
  readonly device: string | null;
  readonly remote: string;
  readonly remotePort: number;
  readonly remoteName: string | null;
  /** The first look at which it was at `warning` or worse, and the last one; null: it still is. */
  readonly since: string;
  readonly until: string | null;
  /** The worst it had. */
  readonly verdict: Verdict;
  readonly lowestHeadroomPorts: number;
  readonly lowestAt: string;
  /** Of these, when the lowest was reached. */
  readonly usablePorts: number;
  readonly mostUsedPorts: number;
  /** For how long it had no port, and connect() was slow. */
  readonly exhaustedSeconds: number;
  readonly slowSeconds: number;
  /** connect() calls refused for want of a port meanwhile; null: only the trace tells. */
  readonly connectErrors: number | null;
  readonly mostOpensPerSecond: number | null;
  /** Who held the most ports when it was worst; null: not known. */
  readonly owner: Owner | null;
  /** In words; null: not known. */
  readonly cause: string | null;
  readonly remedy: string | null;
}

/** A network namespace that could be looked into and then could not. */
export interface IncidentBlindness {
  readonly netns: string;
  readonly since: string;
  readonly until: string | null;
  readonly why: string | null;
}

/** What happened, short: all that a list of incidents needs. */
export interface IncidentSummary {
  readonly schema: typeof INCIDENT_SCHEMA;
  /** When it began, as a name: "20261123T024000000Z". */
  readonly id: string;
  readonly host: string;
  readonly startedAt: string;
  /** When the last of its destinations was well again; null: one was not when this was written. */
  readonly endedAt: string | null;
  /** The last look it knows of. */
  readonly writtenAt: string;
  /** For how long something was not well, from the last look before it began, on a clock that no one sets. */
  readonly seconds: number;
  readonly verdict: Verdict;
  /** Worst first. */
  readonly destinations: readonly IncidentDestination[];
  /** So many more were not well either. */
  readonly omittedDestinations: number;
  readonly blind: readonly IncidentBlindness[];
}

/**
 * An Assessment that is kept: of destinations only the worst, of those that are not healthy or above 5 % used. One that is
 * missing was healthy and below, unless `destinationsOmitted` of its namespace counts it.
 */
export interface Sample extends Assessment {
  readonly omitted: { readonly namespaces: number; readonly gaps: number };
}

export interface Incident {
  readonly summary: IncidentSummary;
  /** Samples as JSON, each on one line, oldest first. */
  readonly samples: readonly string[];
}
