import { count, MARKS } from '../text.ts';
import { headingLine, type Layout, layoutOf, rowLine } from './columns.ts';
import { inert } from './inert.ts';
import { type Line, span } from './line.ts';
import type { Row } from './rows.ts';
import type { View } from './screen.ts';
import { chosenOf } from './state.ts';
import { width, wrap } from './width.ts';

const INDENT = 4;

/** The destinations, as many as fit around the chosen one; `page`: how many that are. */
export function tableLines(view: View, rows: readonly Row[], height: number): { lines: readonly Line[]; page: number } {
  const { feed, state, size } = view;
  if (feed.assessment === null) return { lines: [], page: 1 };
  if (rows.length === 0) {
    const text = state.filter === '' ? 'No destination is in use.' : 'None matches the filter; Esc shows all.';
    return { lines: [[span(' '.repeat(INDENT)), span(text)]], page: 1 };
  }
  const layout = layoutOf(rows, size.columns, view);
  const keys = rows.map(({ key }) => key);
  const chosen = keys.indexOf(chosenOf(state, keys) ?? '');
  const block = (index: number) => blockOf(rows[index]!, layout, index === chosen, view);
  const room = height - 1;
  // Down to the chosen one and upwards from there as far as there is room, then downwards.
  const shown = [block(chosen)];
  let taken = shown[0]!.length;
  let first = chosen;
  while (first > 0) {
    const above = block(first - 1);
    if (taken + above.length > room) break;
    shown.unshift(above);
    taken += above.length;
    first--;
  }
  let last = chosen;
  while (last < rows.length - 1 && taken < room) {
    const below = block(++last);
    shown.push(below.slice(0, room - taken));
    taken += below.length;
  }
  const lines = [headingLine(layout), ...shown.flat()];
  const rest = restLine(view);
  if (last === rows.length - 1 && rest !== null && taken < room) lines.push(rest);
  return { lines, page: shown.length };
}

/** A row; below it the owner, if there is no room for it in there, and why it is not healthy. */
function blockOf(row: Row, layout: Layout, isChosen: boolean, view: View): Line[] {
  const owner = width(row.owner) > layout.owner ? row.owner : '';
  const why = row.one.verdict === 'healthy' ? [] : [row.name, row.cause].filter((text) => text !== null);
  const below = [owner, why.join(': ')].filter((text) => text !== '').join(' · ');
  const wrapped = below === '' ? [] : wrap(below, Math.max(1, view.size.columns - INDENT));
  return [rowLine(row, layout, isChosen, view), ...wrapped.map((text): Line => [span(' '.repeat(INDENT)), span(text)])];
}

/** What has no row: bind pools that are not well are told, destinations beyond the report's room counted. */
function restLine({ feed, state }: View): Line | null {
  const namespaces = feed.assessment?.namespaces ?? [];
  const pool = namespaces.flatMap(({ bindPools }) => bindPools).find(({ verdict }) => verdict !== 'healthy');
  if (pool !== undefined) {
    const { local, headroomPorts, usablePorts, verdict } = pool;
    const text = `bind() before connect() from ${local}: ${count(headroomPorts)} of ${count(usablePorts)} ports left`;
    return [span(MARKS[verdict], verdict), span('  '), span(inert(text))];
  }
  const omitted = namespaces.reduce((sum, { destinationsOmitted }) => sum + destinationsOmitted, 0);
  if (omitted === 0 || state.filter !== '') return null;
  const ports = namespaces.reduce((sum, { omittedUsedPorts }) => sum + omittedUsedPorts, 0);
  return [span(' '.repeat(INDENT)), span(`${count(omitted)} others use ${count(ports)} ports together`)];
}
