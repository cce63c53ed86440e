import { SORTS, type Sort } from './rows.ts';

/** What the one who looks has chosen. */
export interface ViewState {
  readonly mode: 'table' | 'detail' | 'help';
  readonly sort: Sort;
  readonly filter: string;
  /** Whether keys go into the filter. */
  readonly isTyping: boolean;
  /** The key of a row; null: the first. */
  readonly chosen: string | null;
  /** Lines of the detail that are above the screen. */
  readonly scrolled: number;
  readonly isPaused: boolean;
}

export const INITIAL: ViewState = {
  mode: 'table',
  sort: 'risk',
  filter: '',
  isTyping: false,
  chosen: null,
  scrolled: 0,
  isPaused: false,
};

/** A key as node:readline calls it, or the character itself. */
export interface Key {
  readonly name: string;
  /** What it types; null: nothing. */
  readonly character: string | null;
}

/** What is on the screen while a key is pressed. */
export interface Shown {
  /** Keys of the rows, in their order. */
  readonly rows: readonly string[];
  /** Rows, or lines of the detail, that fit at once. */
  readonly page: number;
  /** Lines of the detail. */
  readonly lines: number;
}

const LONGEST_FILTER = 100;

/** What a key makes of it; 'quit' ends it. */
export function pressed(state: ViewState, key: Key, shown: Shown): ViewState | 'quit' {
  if (state.isTyping) return typed(state, key);
  if (key.name === 'q') return state.mode === 'table' ? 'quit' : { ...state, mode: 'table' };
  if (key.name === 'p') return { ...state, isPaused: !state.isPaused };
  if (key.name === '?' || key.name === 'h') return { ...state, mode: state.mode === 'help' ? 'table' : 'help' };
  switch (state.mode) {
    case 'help':
      return ['escape', 'return'].includes(key.name) ? { ...state, mode: 'table' } : state;
    case 'detail':
      return inDetail(state, key, shown);
    case 'table':
      return inTable(state, key, shown);
    default:
      return state.mode satisfies never;
  }
}

function typed(state: ViewState, { name, character }: Key): ViewState {
  switch (name) {
    case 'return':
    case 'enter':
      return { ...state, isTyping: false };
    case 'escape':
      return { ...state, isTyping: false, filter: '' };
    case 'backspace':
      return { ...state, filter: [...state.filter].slice(0, -1).join('') };
    default:
      return character === null || state.filter.length >= LONGEST_FILTER
        ? state
        : { ...state, filter: state.filter + character, chosen: null };
  }
}

function inDetail(state: ViewState, { name }: Key, { lines, page }: Shown): ViewState {
  if (['escape', 'left', 'backspace'].includes(name)) return { ...state, mode: 'table' };
  const by = steps(name, page, lines);
  const scrolled = Math.max(0, Math.min(lines - page, state.scrolled + by));
  return { ...state, scrolled };
}

function inTable(state: ViewState, { name }: Key, { rows, page }: Shown): ViewState {
  switch (name) {
    case 'return':
    case 'enter':
    case 'right':
      return rows.length === 0 ? state : { ...state, mode: 'detail', scrolled: 0, chosen: chosenOf(state, rows) };
    case 'escape':
      return { ...state, filter: '' };
    case '/':
      return { ...state, isTyping: true };
    case 's':
    case '>':
      return { ...state, sort: turn(state.sort, 1) };
    case '<':
      return { ...state, sort: turn(state.sort, -1) };
    default: {
      const by = steps(name, page, rows.length);
      if (by === 0) return state;
      const index = rows.indexOf(chosenOf(state, rows) ?? '');
      return { ...state, chosen: rows[Math.max(0, Math.min(rows.length - 1, index + by))] ?? null };
    }
  }
}

/** The chosen one if it is there, else the first. */
export function chosenOf({ chosen }: ViewState, rows: readonly string[]): string | null {
  return chosen !== null && rows.includes(chosen) ? chosen : (rows[0] ?? null);
}

const turn = (sort: Sort, by: number): Sort => SORTS[(SORTS.indexOf(sort) + by + SORTS.length) % SORTS.length] as Sort;

function steps(name: string, page: number, all: number): number {
  const by: Readonly<Record<string, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    pageup: -page,
    pagedown: page,
    space: page,
    home: -all,
    g: -all,
    end: all,
    G: all,
  };
  return by[name] ?? 0;
}
