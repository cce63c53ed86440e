import type { DestinationReport } from '../../agent/model/assessment.ts';

/** Seconds as they fit a narrow column: 4.1s, 42s, 12m, 3h. */
function shortSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  if (seconds < 99.5) return `${Math.round(seconds)}s`;
  if (seconds < 5970) return `${Math.round(seconds / 60)}m`;
  return seconds < 359_000 ? `${Math.round(seconds / 3600)}h` : `${Math.min(999, Math.round(seconds / 86_400))}d`;
}

type Foreseen = Pick<DestinationReport, 'forecast' | 'headroomPorts' | 'fastHeadroomPorts'>;

/** FULL: until the ports are gone, as of `ageSeconds` after the look. It stays at 0.0s until a look has seen it. */
export function fullIn({ forecast, headroomPorts }: Foreseen, ageSeconds: number): string {
  if (headroomPorts <= 0 || forecast.kind === 'exhausted') return 'now';
  return remaining(forecast.exhaustedInSeconds, ageSeconds) ?? (forecast.kind === 'unknown' ? '?' : 'never');
}

/** SLOW: until connect() gets slow. */
export function slowIn({ forecast, fastHeadroomPorts }: Foreseen, ageSeconds: number): string {
  if (fastHeadroomPorts <= 0 || (forecast.slowConnectInSeconds ?? 1) <= 0) return 'now';
  return remaining(forecast.slowConnectInSeconds, ageSeconds) ?? (forecast.kind === 'unknown' ? '?' : '-');
}

function remaining(seconds: number | null, ageSeconds: number): string | null {
  return seconds === null ? null : shortSeconds(Math.max(0, seconds - ageSeconds));
}
