import type { Assessment } from './model/assessment.ts';
import type { Gap } from './model/gap.ts';

/** What goes wrong with the daemon itself, told where everything is told that cannot be had: as Gaps of each Assessment. */
export class OwnGaps {
  private readonly gaps = new Map<string, Gap>();

  /** `about` tells one trouble from the other; null: it is over. */
  note(about: string, gap: Gap | null): void {
    if (gap === null) this.gaps.delete(about);
    else this.gaps.set(about, gap);
  }

  addTo(assessment: Assessment): Assessment {
    if (this.gaps.size === 0) return assessment;
    return { ...assessment, gaps: [...assessment.gaps, ...this.gaps.values()] };
  }
}

/** Why the log is not whole. */
export function logGap(error: NodeJS.ErrnoException): Gap {
  const why = error.code === 'EAGAIN' ? 'whoever reads stdout does not (EAGAIN)' : error.message;
  return { source: 'log', what: 'lines of the log', why, costs: 'what is logged meanwhile is lost, and counted' };
}

export const incidentsGap = (path: string, error: Error): Gap => ({
  source: 'incidents',
  what: `incidents in ${path}`,
  why: error.message,
  costs: 'what happens now is forgotten when the daemon ends; make room there, or name another --state-dir',
});

export const sinkGap = (sink: string, why: string): Gap => ({
  source: 'alerts',
  what: `alerts at ${sink}`,
  why,
  costs: 'who is told by it is not',
});
