import type { Assessment } from '../../agent/model/assessment.ts';
import { poolLines } from '../pool-text.ts';
import { count, headline, MARKS, TW_REUSE_NUMBER } from '../text.ts';
import { BAR_LEGEND } from './bar.ts';
import { inert } from './inert.ts';
import { fit, type Line, span } from './line.ts';
import type { View } from './screen.ts';
import { width, wrap } from './width.ts';

/** A sentence longer than these lines is no sentence. */
const SENTENCE_LINES = 2;
/** A lower screen has no room for more than the table. */
const ROOMY_ROWS = 16;

/** What stands above: the verdict, the range, and what is not as usual. */
export function headLines({ feed, state, size, ageSeconds }: View, rows: number): Line[] {
  const { assessment, problem } = feed;
  const complaint =
    problem === null
      ? []
      : wrap(`? ${inert(problem, 200)}`, size.columns)
          .slice(0, SENTENCE_LINES)
          .map((text): Line => [span(text, 'blind')]);
  if (assessment === null) return [[span('Lastport: looking …', 'strong')], ...complaint];
  const verdict = wrap(inert(headline(assessment, ageSeconds), 240), size.columns)
    .slice(0, SENTENCE_LINES)
    .map((text): Line => [span(text, assessment.verdict)]);
  return [...verdict, ...complaint, factsLine(assessment, feed.from, state, rows, size.columns)];
}

function factsLine(
  assessment: Assessment,
  from: 'daemon' | 'look',
  { isPaused, sort, filter }: View['state'],
  rows: number,
  columns: number,
): Line {
  const [first] = assessment.namespaces;
  const usable = first?.usablePorts ?? null;
  const facts = [
    ...(isPaused ? ['PAUSED'] : []),
    `${assessment.takenAt.slice(11, 19)}Z`,
    from === 'daemon' ? 'from the daemon' : 'no daemon',
    ...(filter === '' ? [] : [`${count(rows)} match "${inert(filter, 30)}"`]),
    ...(sort === 'risk' ? [] : [`by ${sort}`]),
    ...(usable === null ? [] : [`${count(usable)} usable ports per destination (not per host)`]),
    ...(first?.twReuse == null ? [] : [`tcp_tw_reuse ${TW_REUSE_NUMBER[first.twReuse]}`]),
    ...(first === undefined || first.label === 'host' ? [] : [`netns ${inert(first.label, 40)}`]),
    `kernel ${inert(assessment.host.kernel, 30)}`,
  ];
  const spans = facts.flatMap((text, index) => [
    ...(index === 0 ? [] : [span(' · ', 'faint')]),
    span(text, text === 'PAUSED' ? 'warning' : 'plain'),
  ]);
  // Whole facts, the first ones first.
  let shown = spans;
  while (shown.length > 1 && shown.reduce((sum, { text }) => sum + width(text), 0) > columns)
    shown = shown.slice(0, -2);
  return shown;
}

/** What stands below: other things that run out, what was not visible, and the keys. */
export function footLines(view: View, rows: number): Line[] {
  const { feed, size, state } = view;
  const keys = keysLine(view, rows);
  if (feed.assessment === null || state.mode !== 'table' || size.rows < ROOMY_ROWS) return [keys];
  const { gaps, pools } = feed.assessment;
  const others = poolLines(pools, false).map(
    ({ pool, text }): Line => [span(`${MARKS[pool.verdict]} `, pool.verdict), span(inert(text, size.columns))],
  );
  const [gap] = gaps;
  const more = gaps.length > 1 ? ` (and ${gaps.length - 1} more: lastport doctor)` : ' (lastport doctor)';
  const unseen: Line[] =
    gap === undefined
      ? []
      : [[span(inert(`Not visible: ${gap.what}`, Math.max(20, size.columns - width(more)))), span(more)]];
  const legend: Line[] = width(BAR_LEGEND) <= size.columns ? [[span(BAR_LEGEND, 'faint')]] : [];
  return [...others.slice(0, 3), ...unseen, ...legend, keys];
}

const KEYS: { readonly [mode in View['state']['mode']]: readonly string[] } = {
  table: ['q quit', '? help', 'Enter detail', '/ filter', 's sort', 'p pause', 'j k move'],
  detail: ['q Esc back', 'j k scroll', 'p pause', '? help'],
  help: ['q Esc back'],
};

function keysLine({ state, size }: View, rows: number): Line {
  if (state.isTyping) {
    const matches = `  ${count(rows)} match · Enter keep · Esc clear`;
    const typed = inert(state.filter, Math.max(1, size.columns - 10));
    return fit([span('Filter: ', 'strong'), span(`${typed}_`), span(matches, 'faint')], size.columns);
  }
  let shown = '';
  for (const hint of KEYS[state.mode]) {
    const longer = shown === '' ? hint : `${shown}   ${hint}`;
    if (width(longer) > size.columns) break;
    shown = longer;
  }
  return [span(shown, 'strong')];
}
