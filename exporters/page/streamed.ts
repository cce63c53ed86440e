import type { Assessment, DestinationReport, NamespaceReport } from '../../agent/model/assessment.ts';
import { headline } from '../text.ts';

/** Destinations shown, the tightest of all namespaces: nobody looks through more. */
const SHOWN = 200;
/** Of these, the ones shown with all that is known of them. */
const IN_DETAIL = 20;

/** What watchers get: an Assessment with what is worth a look, and the sentence that `lastport check` begins with. */
export interface Streamed extends Assessment {
  readonly headline: string;
}

export function streamed(assessment: Assessment): Streamed {
  const all = assessment.namespaces.flatMap(({ destinations }) => destinations);
  const chosen = all.length > IN_DETAIL ? ranks(all) : null;
  const namespaces = assessment.namespaces.map((one) => (chosen === null ? one : reduced(one, chosen)));
  return { ...assessment, namespaces, headline: headline(assessment) };
}

function ranks(all: readonly DestinationReport[]): ReadonlyMap<DestinationReport, number> {
  const ratio = (one: DestinationReport) => one.headroomPorts / Math.max(1, one.usablePorts);
  const sorted = [...all].sort((a, b) => ratio(a) - ratio(b) || b.usedPorts - a.usedPorts).slice(0, SHOWN);
  return new Map(sorted.map((one, rank) => [one, rank]));
}

function reduced(namespace: NamespaceReport, ranked: ReadonlyMap<DestinationReport, number>): NamespaceReport {
  const destinations = namespace.destinations.flatMap((one) => {
    const rank = ranked.get(one);
    if (rank === undefined) return [];
    if (rank < IN_DETAIL || one.verdict !== 'healthy') return [one];
    return [{ ...one, probe: null, tide: null, owners: one.owners?.slice(0, 1) ?? null }];
  });
  const left = namespace.destinations.length - destinations.length;
  return { ...namespace, destinations, destinationsOmitted: namespace.destinationsOmitted + left };
}
