import { count, MARKS, percent, rate } from '../text.ts';
import { bar } from './bar.ts';
import { fullIn, slowIn } from './deadline.ts';
import { inert } from './inert.ts';
import { type Line, lineWidth, type Style, span } from './line.ts';
import type { Row } from './rows.ts';
import { sparkline } from './sparkline.ts';
import { cutMiddle, padEnd, padStart, width } from './width.ts';

/** What a cell is made from beside its row. */
export interface CellContext {
  readonly ageSeconds: number;
  readonly history: (key: string) => readonly number[];
}

interface Column {
  readonly heading: string;
  readonly isLeft?: boolean;
  readonly text?: (row: Row, context: CellContext) => string;
  /** The widest that it can come to: a table whose columns move is not read. */
  readonly widest?: (row: Row) => string;
  /** Of a column that is drawn: its width. */
  readonly columns?: number;
  readonly draw?: (row: Row, columns: number, context: CellContext) => Line;
}

const usedRatio = ({ one }: Row) => (one.usablePorts === 0 ? 0 : one.usedPorts / one.usablePorts);

const COLUMNS = {
  destination: { heading: 'DESTINATION', isLeft: true, text: ({ endpoint }) => endpoint },
  in: { heading: 'IN', isLeft: true, text: ({ label }) => label },
  from: { heading: 'FROM', isLeft: true, text: ({ one }) => inert(one.local ?? '?') },
  bar: { heading: 'USED', isLeft: true, columns: 10, draw: ({ one }, columns) => bar(one, columns) },
  wideBar: { heading: 'USED', isLeft: true, columns: 24, draw: ({ one }, columns) => bar(one, columns) },
  percent: { heading: '', widest: () => '100%', text: (row) => `${percent(usedRatio(row))}%` },
  used: { heading: 'PORTS', text: ({ one }) => count(one.usedPorts) },
  free: {
    heading: 'FREE',
    widest: ({ one }) => count(one.usablePorts),
    text: ({ one }) => count(Math.max(0, one.headroomPorts)),
  },
  new: { heading: 'NEW/s', text: ({ one }) => (one.opensPerSecond === null ? '?' : rate(one.opensPerSecond)) },
  slow: { heading: 'SLOW', text: ({ one }, { ageSeconds }) => slowIn(one, ageSeconds) },
  full: { heading: 'FULL', widest: () => 'never', text: ({ one }, { ageSeconds }) => fullIn(one, ageSeconds) },
  trend: {
    heading: 'TREND',
    isLeft: true,
    columns: 8,
    draw: ({ key }, columns, { history }) => [span(sparkline(history(key), columns))],
  },
  wideTrend: {
    heading: 'TREND',
    isLeft: true,
    columns: 30,
    draw: ({ key }, columns, { history }) => [span(sparkline(history(key), columns))],
  },
} as const satisfies Record<string, Column>;
type Name = keyof typeof COLUMNS;

/** As they stand, the owner behind them. */
const ORDER: readonly Name[] = [
  'destination',
  'in',
  'from',
  'bar',
  'wideBar',
  'percent',
  'used',
  'free',
  'new',
  'slow',
  'full',
  'trend',
  'wideTrend',
];
/** What a narrow screen has first. A wide one of a pair takes the place of the other. */
const BY_NEED: readonly Name[] = [
  'full',
  'percent',
  'free',
  'bar',
  'new',
  'slow',
  'in',
  'trend',
  'used',
  'from',
  'wideBar',
  'wideTrend',
];
const INSTEAD: { readonly [name in Name]?: Name } = { wideBar: 'bar', wideTrend: 'trend' };

/** Of these a screen has as many as it has room for, and owners what is left; the others only beside an owner. */
const BEFORE_OWNER: ReadonlySet<Name> = new Set<Name>(['full', 'percent', 'free', 'bar', 'new', 'slow']);

/** Mark, blank, and what shows the chosen row. */
const MARGIN = 4;
/** Between columns; one where there is no room for two. */
const WIDE = 100;
/** The owner's column is not less; whoever is longer has a line of their own. */
const OWNER_LEAST = 12;
const OWNER_MOST = 28;
/** An IPv4 address with its port. */
const DESTINATION_LEAST = 21;
const DESTINATION_SHARE = 0.3;

/** How the table is laid out on a screen of a width. */
export interface Layout {
  readonly columns: number;
  readonly gap: number;
  readonly names: readonly Name[];
  readonly widths: ReadonlyMap<Name, number>;
  /** Columns for the owner; 0: all have lines of their own. */
  readonly owner: number;
}

/** Columns are left out, the least needed first, until the rest fits and owners have room. */
export function layoutOf(rows: readonly Row[], columns: number, context: CellContext): Layout {
  const natural = (name: Name): number => {
    const column: Column = COLUMNS[name];
    const widest = rows.map((row) =>
      Math.max(width(column.text?.(row, context) ?? ''), width(column.widest?.(row) ?? '')),
    );
    return column.columns ?? Math.max(column.heading.length, ...widest);
  };
  const owners = Math.max(0, ...rows.map(({ owner }) => width(owner)));
  const ownerWanted = Math.max(Math.min(owners, OWNER_MOST), OWNER_LEAST);
  const isUseful = (name: Name) =>
    (name !== 'in' || new Set(rows.map(({ label }) => label)).size > 1) &&
    (name !== 'from' || new Set(rows.map(({ one }) => one.local)).size > 1);
  const gap = columns < WIDE ? 1 : 2;
  const destination = Math.min(
    natural('destination'),
    Math.max(DESTINATION_LEAST, Math.floor(columns * DESTINATION_SHARE)),
    Math.max(1, columns - MARGIN),
  );
  const widths = new Map<Name, number>([['destination', destination]]);
  let left = columns - MARGIN - destination;
  for (const name of BY_NEED.filter(isUseful)) {
    const narrow = INSTEAD[name];
    if (narrow !== undefined && !widths.has(narrow)) continue;
    const own = natural(name);
    const more = narrow === undefined ? own + gap : own - widths.get(narrow)!;
    if (left - more < (BEFORE_OWNER.has(name) ? 0 : ownerWanted + gap)) continue;
    left -= more;
    if (narrow !== undefined) widths.delete(narrow);
    widths.set(name, own);
  }
  const names = ORDER.filter((name) => widths.has(name));
  return { columns, gap, names, widths, owner: left - gap < OWNER_LEAST ? 0 : left - gap };
}

export function headingLine({ gap, names, widths, owner }: Layout): Line {
  const cells = names.flatMap((name) => {
    const { heading, isLeft }: Column = COLUMNS[name];
    return [span(padded(heading, widths.get(name)!, isLeft === true)), blank(gap)];
  });
  const all = [span(' '.repeat(MARGIN)), ...cells, ...(owner > 0 ? [span('OWNER')] : [])];
  return all.map(({ text }) => span(text, 'strong'));
}

export function rowLine(row: Row, layout: Layout, isChosen: boolean, context: CellContext): Line {
  const { verdict } = row.one;
  const base: Style = isChosen ? 'chosen' : 'plain';
  const cells = layout.names.flatMap((name) => {
    const columns = layout.widths.get(name)!;
    const { isLeft, draw, text }: Column = COLUMNS[name];
    if (draw !== undefined) {
      const drawn = draw(row, columns, context);
      return [...drawn, span(' '.repeat(columns - lineWidth(drawn) + layout.gap))];
    }
    const shown = cutMiddle(text?.(row, context) ?? '', columns);
    return [span(padded(shown, columns, isLeft === true), styleOf(name, shown, base)), blank(layout.gap)];
  });
  const owner = layout.owner > 0 && width(row.owner) <= layout.owner ? row.owner : '';
  return [span(MARKS[verdict], verdict), span(isChosen ? ' >' : '  ', 'strong'), ...cells, span(owner, base)];
}

/** A deadline that is there is not to be overlooked. */
function styleOf(name: Name, text: string, base: Style): Style {
  if (name === 'destination') return base;
  return text === 'now' ? (name === 'full' ? 'critical' : 'warning') : 'plain';
}

const blank = (gap: number) => span(' '.repeat(gap));
const padded = (text: string, columns: number, isLeft: boolean): string =>
  isLeft ? padEnd(text, columns) : padStart(text, columns);
