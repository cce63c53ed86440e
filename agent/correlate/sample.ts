import { type Assessment, type DestinationReport, type NamespaceReport, VERDICTS } from '../model/assessment.ts';
import type { Sample } from '../model/incident.ts';

/** Of the whole host. */
export const SAMPLED_DESTINATIONS = 50;
/** Namespaces that could not be looked into, and gaps. */
const SAMPLED_BLIND = 20;
const SAMPLED_GAPS = 20;
/** Below this a healthy destination takes no part in anything. */
const KEPT_RATIO = 0.05;

/** What a later reader needs of an Assessment; bounded, however much there is of everything. */
export function sampleOf(assessment: Assessment): Sample {
  const { namespaces, gaps } = assessment;
  const kept = worstDestinations(namespaces);
  let blind = 0;
  const shown = namespaces.filter(
    ({ destinations, verdict }, index) =>
      index === 0 || destinations.some((one) => kept.has(one)) || (verdict === 'blind' && blind++ < SAMPLED_BLIND),
  );
  return {
    ...assessment,
    namespaces: shown.map((namespace) => reduced(namespace, kept)),
    gaps: gaps.slice(0, SAMPLED_GAPS),
    omitted: {
      namespaces: namespaces.length - shown.length,
      gaps: Math.max(0, gaps.length - SAMPLED_GAPS),
    },
  };
}

function worstDestinations(namespaces: readonly NamespaceReport[]): ReadonlySet<DestinationReport> {
  const worth: DestinationReport[] = [];
  for (const { destinations } of namespaces) {
    for (const one of destinations) {
      if (one.verdict !== 'healthy' || one.usedPorts > one.usablePorts * KEPT_RATIO) worth.push(one);
    }
  }
  return new Set(worth.length <= SAMPLED_DESTINATIONS ? worth : worth.sort(byRisk).slice(0, SAMPLED_DESTINATIONS));
}

/** Those left out are counted as others are that no report had room for: the sums stay true. */
function reduced(namespace: NamespaceReport, kept: ReadonlySet<DestinationReport>): NamespaceReport {
  let { destinationsOmitted, omittedUsedPorts } = namespace;
  const destinations = namespace.destinations.filter((one) => {
    if (kept.has(one)) return true;
    if (one.usedPorts > 0) destinationsOmitted++;
    omittedUsedPorts += one.usedPorts;
    return false;
  });
  return { ...namespace, destinations, destinationsOmitted, omittedUsedPorts };
}

/** The worst first: by verdict, then by the share that is left. */
export function byRisk(a: DestinationReport, b: DestinationReport): number {
  return VERDICTS.indexOf(b.verdict) - VERDICTS.indexOf(a.verdict) || leftRatio(a) - leftRatio(b);
}

export function leftRatio({ headroomPorts, usablePorts }: DestinationReport): number {
  return usablePorts === 0 ? 0 : headroomPorts / usablePorts;
}
