import type { Assessment } from '../../agent/model/assessment.ts';
import type { Explained } from '../../agent/model/explained.ts';
import { detailLines } from './detail.ts';
import type { Feed } from './feed.ts';
import { footLines, headLines } from './frame.ts';
import { helpLines } from './help.ts';
import { fit, type Line, span } from './line.ts';
import { type Row, shownRows } from './rows.ts';
import { chosenOf, type Shown, type ViewState } from './state.ts';
import { tableLines } from './table.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** All that a screen is made from. */
export interface View {
  readonly feed: Feed;
  readonly state: ViewState;
  readonly size: Size;
  /** Since the look: deadlines are so much nearer. */
  readonly ageSeconds: number;
  readonly history: (key: string) => readonly number[];
  readonly explain: (assessment: Assessment, row: Pick<Row, 'namespace' | 'one'>) => Explained;
}

/** One line for each row of the screen, none wider than it is; and what keys go by. */
export function screen(view: View): { readonly lines: readonly Line[]; readonly shown: Shown } {
  const { feed, state, size } = view;
  const rows = feed.assessment === null ? [] : shownRows(feed.assessment, state.sort, state.filter);
  const keys = rows.map(({ key }) => key);
  const chosen = rows.find(({ key }) => key === chosenOf(state, keys));
  // The head gives way to the foot's keys, both to the body.
  const foot = footLines(view, rows.length).slice(-Math.max(1, Math.floor(size.rows / 3)));
  const head = headLines(view, rows.length).slice(0, Math.max(1, Math.floor(size.rows / 3)));
  const height = Math.max(0, size.rows - head.length - foot.length);
  const body = bodyOf(view, rows, chosen, height);
  const empty: Line[] = Array.from({ length: Math.max(0, height - body.lines.length) }, () => []);
  const lines = [...head, ...body.lines.slice(0, height), ...empty, ...foot].slice(0, size.rows);
  return {
    lines: lines.map((line) => fit(line, size.columns)),
    shown: { rows: keys, page: Math.max(1, body.page), lines: body.all },
  };
}

const GONE: readonly Line[] = [[span('This destination is not in use any more; Esc goes back.')]];

interface Body {
  readonly lines: readonly Line[];
  readonly page: number;
  readonly all: number;
}

function bodyOf(view: View, rows: readonly Row[], chosen: Row | undefined, height: number): Body {
  const { state, size, feed } = view;
  if (state.mode === 'help') return { lines: helpLines(), page: height, all: 0 };
  if (state.mode === 'detail' && feed.assessment !== null) {
    if (chosen === undefined || chosen.key !== state.chosen) return { lines: GONE, page: height, all: 0 };
    const all = detailLines(chosen, view.explain(feed.assessment, chosen), size.columns, view);
    const scrolled = Math.max(0, Math.min(state.scrolled, all.length - height));
    return { lines: all.slice(scrolled, scrolled + height), page: height, all: all.length };
  }
  return { ...tableLines(view, rows, height), all: 0 };
}
