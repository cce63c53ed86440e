import type { Assessment, DestinationReport, NamespaceReport } from '../../../agent/model/assessment.ts';
import { endpoint, safe } from './words.ts';

/** A destination, and where it is. */
export interface Place {
  readonly key: string;
  readonly one: DestinationReport;
  readonly namespace: NamespaceReport;
}

const SEVERITY = { critical: 0, warning: 1, watch: 2, blind: 3, healthy: 4 } as const;

/** All of them, the worst first. */
export function placesOf({ namespaces }: Assessment): readonly Place[] {
  return namespaces
    .flatMap((namespace) =>
      namespace.destinations.map((one) => ({
        key: `${namespace.label} ${one.local} ${one.device} ${endpoint(one)}`,
        one,
        namespace,
      })),
    )
    .sort(
      (a, b) =>
        SEVERITY[a.one.verdict] - SEVERITY[b.one.verdict] ||
        a.one.headroomPorts / Math.max(1, a.one.usablePorts) - b.one.headroomPorts / Math.max(1, b.one.usablePorts) ||
        b.one.usedPorts - a.one.usedPorts,
    );
}

/** "10.9.0.2:8080 (api.example.com)", and the network namespace unless it is the host's. */
export function placeName({ one, namespace }: Place): string {
  const name = one.remoteName === null ? '' : ` (${safe(one.remoteName)})`;
  return `${endpoint(one)}${name}${namespace.label === 'host' ? '' : ` in ${safe(namespace.label)}`}`;
}
