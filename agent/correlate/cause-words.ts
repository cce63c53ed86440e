import type { DestinationReport } from '../model/assessment.ts';

/** Why ports go, and what would help. */
export interface CauseWords {
  readonly cause: string;
  readonly remedy: string;
}

/** From as many closes here, as a share of the opens, connections are not kept. */
const CHURN_RATIO = 0.5;

/** What one report lets say; null: nothing. */
export function causeWords({ opensPerSecond, closesPerSecond }: DestinationReport): CauseWords | null {
  const local = closesPerSecond.local ?? 0;
  if (opensPerSecond === null || opensPerSecond <= 1 || local < opensPerSecond * CHURN_RATIO) return null;
  return {
    cause: `connections are closed after use instead of being reused: ${Math.round(local)} a second are closed by this host, and each holds its port for another minute`,
    remedy:
      'keep connections alive and reuse them: idle connections per host at least as many as requests at once, and response bodies read to their end',
  };
}
