/** Seconds as they fit a narrow column: 4.1s, 42s, 12m, 3h. */
export function shortSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  if (seconds < 99.5) return `${Math.round(seconds)}s`;
  if (seconds < 5970) return `${Math.round(seconds / 60)}m`;
  return seconds < 359_000 ? `${Math.round(seconds / 3600)}h` : `${Math.min(999, Math.round(seconds / 86_400))}d`;
}
