// What is measured while the soak goes on, and what must hold of it.
import { readFileSync } from 'node:fs';
import type { Subject } from '../faults/subject.ts';

export interface Sample {
  readonly second: number;
  readonly residentMb: number;
  readonly openFiles: number;
  readonly threads: number;
  /** Of libuv, on the main thread: handles, requests, and timers that keep it alive. */
  readonly resources: number;
  readonly series: number;
  /** How old the last look was, in s. */
  readonly ageSeconds: number;
  readonly namespaces: number;
  readonly probes: number;
  readonly alerts: number;
  readonly scrapeMs: number;
}

export async function sample(subject: Subject, second: number): Promise<Sample> {
  const begun = performance.now();
  const page = await subject.get('/metrics');
  const scrapeMs = performance.now() - begun;
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const sum = (name: string) =>
    lines
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  const status = readFileSync(`/proc/${subject.pid}/status`, 'latin1');
  return {
    second,
    residentMb: subject.residentBytes / 1e6,
    openFiles: subject.openFiles,
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
    resources: sum('nodejs_active_resources'),
    series: lines.length,
    ageSeconds: Date.now() / 1000 - sum('lastport_last_tick_timestamp_seconds'),
    namespaces: lines.filter((line) => line.startsWith('lastport_destinations{')).length,
    probes: sum('lastport_probes'),
    alerts: sum('lastport_alerts'),
    scrapeMs,
  };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** By least squares, a minute. */
export function slopeAMinute(samples: readonly Sample[], of: (one: Sample) => number): number {
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [x, y] = [mean(samples.map(({ second }) => second)), mean(samples.map(of))];
  const covariance = samples.reduce((sum, one) => sum + (one.second - x) * (of(one) - y), 0);
  const variance = samples.reduce((sum, { second }) => sum + (second - x) ** 2, 0);
  return (covariance / variance) * 60;
}
