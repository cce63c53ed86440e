import type { DestinationReport } from '../../agent/model/assessment.ts';
import { shortSeconds } from '../short-seconds.ts';

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
