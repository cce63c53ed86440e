import type { DestinationReport, HostReport, NamespaceReport } from './assessment.ts';
import type { CauseReport } from './cause.ts';
import type { Remedy } from './remedy.ts';

/** Why one destination's ports go, and what to do: what `lastport explain` tells. */
export interface Explained {
  readonly host: HostReport;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** daemon: what it knows, probes included; look: this moment, of the kernel alone; incident: as it was recorded. */
  readonly from: 'daemon' | 'look' | 'incident';
  readonly namespace: Omit<NamespaceReport, 'destinations'>;
  readonly destination: DestinationReport;
  /** Of the namespace's other destinations in use: those that are not healthy, and all. */
  readonly othersUnwell: number;
  readonly others: number;
  readonly causes: readonly (CauseReport & { readonly fixes: readonly Remedy[] })[];
}
