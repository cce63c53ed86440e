import { formatEndpoint } from '../model/address.ts';
import type { Assessment, DestinationReport } from '../model/assessment.ts';

/** Blindness that is over so soon is not worth an incident. */
const BLIND_AFTER_MS = 10_000;

/** A destination at `warning` or worse, or a namespace that has become blind. */
export type Trouble =
  | { readonly kind: 'destination'; readonly key: string; readonly netns: string; readonly one: DestinationReport }
  | { readonly kind: 'blind'; readonly key: string; readonly netns: string; readonly why: string | null };

/**
 * What is not well from tick to tick. `watch` is no trouble: it says that the slow half is near, and comes and goes on many
 * a host that is fine.
 */
export class TroubleFinder {
  private worked: ReadonlySet<string> = new Set();
  private blindSince: ReadonlyMap<string, number> = new Map();

  /** `at` in ms on a clock that no one sets. */
  find({ namespaces, gaps }: Assessment, at: number): Trouble[] {
    const found: Trouble[] = [];
    // Made anew, so that names of namespaces that are gone do not pile up.
    const worked = new Set<string>();
    const blindSince = new Map<string, number>();
    for (const { label, verdict, destinations } of namespaces) {
      if (verdict !== 'blind') worked.add(label);
      else if (this.worked.has(label)) {
        worked.add(label);
        const since = this.blindSince.get(label) ?? at;
        blindSince.set(label, since);
        const why = gaps[0] === undefined ? null : `${gaps[0].what}: ${gaps[0].why}`;
        if (at - since >= BLIND_AFTER_MS) found.push({ kind: 'blind', key: `blind ${label}`, netns: label, why });
      }
      for (const one of destinations) {
        if (one.verdict !== 'warning' && one.verdict !== 'critical') continue;
        found.push({ kind: 'destination', key: destinationKey(label, one), netns: label, one });
      }
    }
    this.worked = worked;
    this.blindSince = blindSince;
    return found;
  }
}

export function destinationKey(netns: string, { local, device, remote, remotePort }: DestinationReport): string {
  return `${netns} ${local ?? ''}%${device ?? ''} ${formatEndpoint(remote, remotePort)}`;
}
