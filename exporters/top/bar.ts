import type { DestinationReport } from '../../agent/model/assessment.ts';
import { type Line, type Style, span } from './line.ts';

type Filled = Pick<DestinationReport, 'usablePorts' | 'usedPorts' | 'blockedPorts' | 'fastHeadroomPorts' | 'states'>;

/** Told apart without colours too. */
const PARTS = {
  live: { glyph: '█', style: 'live' },
  timeWait: { glyph: '▒', style: 'timeWait' },
  blocked: { glyph: 'x', style: 'blocked' },
  free: { glyph: '·', style: 'faint' },
} as const satisfies Record<string, { glyph: string; style: Style }>;
const CLIFF = '|';

export const BAR_LEGEND = `${PARTS.live.glyph} live  ${PARTS.timeWait.glyph} TIME_WAIT  ${PARTS.blocked.glyph} blocked  ${PARTS.free.glyph} free  ${CLIFF} slow from here`;

/**
 * A destination's usable ports:
 *
 *   ████▒▒▒▒▒▒▒▒x··|·······
 *   live  TIME_WAIT ^ blocked, then free, and the cliff: from there on connect() is slow
 *
 * Whatever is there has a cell, and so has what is free: a full bar means that nothing is left.
 */
export function bar(one: Filled, columns: number): Line {
  const { usablePorts, usedPorts, blockedPorts, fastHeadroomPorts, states } = one;
  const timeWait = Math.min(usedPorts, states.time_wait ?? 0);
  const ports = [usedPorts - timeWait, timeWait, blockedPorts, Math.max(0, usablePorts - usedPorts - blockedPorts)];
  const cells = shares(ports, columns);
  const taken = columns - cells[3]!;
  const cliff = Math.floor(((usedPorts + blockedPorts + fastHeadroomPorts) / Math.max(1, usablePorts)) * columns);
  const beforeCliff = fastHeadroomPorts > 0 && cliff > taken && cliff < columns ? cliff - taken : null;
  const free = PARTS.free.glyph.repeat(cells[3]!);
  const rest =
    beforeCliff === null
      ? [span(free, 'faint')]
      : [span(free.slice(0, beforeCliff), 'faint'), span(CLIFF, 'cliff'), span(free.slice(beforeCliff + 1), 'faint')];
  return [
    span(PARTS.live.glyph.repeat(cells[0]!), PARTS.live.style),
    span(PARTS.timeWait.glyph.repeat(cells[1]!), PARTS.timeWait.style),
    span(PARTS.blocked.glyph.repeat(cells[2]!), PARTS.blocked.style),
    ...rest,
  ].filter(({ text }) => text !== '');
}

/** Cells for each part: what is not nothing has one, at the cost of the longest. */
function shares(parts: readonly number[], columns: number): number[] {
  const total = parts.reduce((sum, part) => sum + part, 0);
  if (total === 0) return [0, 0, 0, columns];
  let sum = 0;
  let filled = 0;
  const cells = parts.map((part) => {
    sum += part;
    const end = Math.round((sum / total) * columns);
    const own = end - filled;
    filled = end;
    return own;
  });
  for (const [index, part] of parts.entries()) {
    if (part === 0 || cells[index]! > 0) continue;
    const longest = cells.indexOf(Math.max(...cells));
    if (cells[longest]! < 2) break;
    cells[longest]!--;
    cells[index]!++;
  }
  return cells;
}
