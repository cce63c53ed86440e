import type { Verdict } from '../../agent/model/assessment.ts';
import { cut, width } from './width.ts';

/** What a piece of text is, by which it gets its colour. */
export type Style = Verdict | 'plain' | 'strong' | 'faint' | 'chosen' | 'live' | 'timeWait' | 'blocked' | 'cliff';

/** One piece of a line. Pieces are what is written anew when it changes: a cell is one. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

export const span = (text: string, style: Style = 'plain'): Span => ({ text, style });

export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + width(text), 0);

/** At most so many columns. */
export function fit(line: Line, columns: number): Line {
  let left = columns;
  const kept: Span[] = [];
  for (const { text, style } of line) {
    if (left <= 0) break;
    const shown = cut(text, left);
    if (shown !== '') kept.push({ text: shown, style });
    left -= width(shown);
    if (shown !== text) break;
  }
  return kept;
}
