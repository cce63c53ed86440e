const LEVELS = '▁▂▃▄▅▆▇█';

/** The last values as heights from 0 to the highest of them; the newest at the right. */
export function sparkline(values: readonly number[], columns: number): string {
  const shown = columns <= 0 ? [] : values.slice(-columns);
  const highest = Math.max(1, ...shown);
  const heights = shown.map(
    (value) => LEVELS[Math.min(LEVELS.length - 1, Math.floor((value / highest) * LEVELS.length))],
  );
  return heights.join('').padStart(columns);
}
