import type { Line, Style } from './line.ts';
import type { Size } from './screen.ts';
import { width } from './width.ts';

const ESC = '\u001b[';
/** SGR codes; each repeats what marks, glyphs and words say. */
const SGR: { readonly [style in Style]: string } = {
  plain: '0',
  strong: '0;1',
  faint: '0;2',
  chosen: '0;7',
  healthy: '0;32',
  watch: '0;36',
  warning: '0;33',
  blind: '0;35',
  critical: '0;1;31',
  live: '0;34',
  timeWait: '0;33',
  blocked: '0;35',
  cliff: '0;1;31',
};
/** Where a terminal's locale is not UTF-8. */
const ASCII: Readonly<Record<string, string>> = {
  '█': '#',
  '▒': '=',
  '·': '.',
  '…': '~',
  '▁': '_',
  '▂': '.',
  '▃': '-',
  '▄': '=',
  '▅': '+',
  '▆': '*',
  '▇': '%',
};

/** What a terminal that knows it (mode 2026) shows at once; others ignore it. */
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;

/** So many cells that have not changed cost more than to go to the next that has. */
const WORTH_A_JUMP = 8;

interface Cell {
  /** One character; '': the second half of the one before. */
  readonly text: string;
  readonly style: Style;
}

const BLANK: Cell = { text: ' ', style: 'plain' };

/** Turns frames into the bytes that a terminal needs to show the next one: nothing but what has changed. */
export class Painter {
  private before: { readonly size: Size; readonly cells: readonly (readonly Cell[])[] } | null = null;
  private readonly color: boolean;
  private readonly utf8: boolean;

  constructor({ color, utf8 }: { readonly color: boolean; readonly utf8: boolean }) {
    this.color = color;
    this.utf8 = utf8;
  }

  /** The next frame is painted whole: something else was on the screen. */
  forget(): void {
    this.before = null;
  }

  /** To be written at once; '': nothing has changed. */
  paint(lines: readonly Line[], size: Size): string {
    const { before } = this;
    const isSame = before !== null && before.size.columns === size.columns && before.size.rows === size.rows;
    const cells = Array.from({ length: size.rows }, (_, row) => this.cellsOf(lines[row] ?? [], size.columns));
    const changes = cells.map((line, row) => this.change(row, isSame ? before.cells[row]! : [], line)).join('');
    this.before = { size, cells };
    if (changes === '' && isSame) return '';
    return `${BEGIN}${isSame ? '' : `${ESC}0m${ESC}2J`}${changes}${END}`;
  }

  /** Trailing blanks are none. */
  private cellsOf(line: Line, columns: number): readonly Cell[] {
    const cells: Cell[] = [];
    for (const { text, style: wanted } of line) {
      const style = this.color ? wanted : 'plain';
      for (const character of text) {
        const shown = this.encoded(character);
        const taken = width(shown);
        if (taken === 0 || cells.length + taken > columns) continue;
        cells.push({ text: shown, style });
        if (taken === 2) cells.push({ text: '', style });
      }
    }
    while (cells.length > 0 && isBlank(cells.at(-1)!)) cells.pop();
    return cells;
  }

  /** Whatever gets here, no character of it steers the terminal. */
  private encoded(character: string): string {
    if (/\p{C}/u.test(character)) return '?';
    if (this.utf8 || character <= '~') return character;
    return ASCII[character] ?? '?';
  }

  private change(row: number, old: readonly Cell[], now: readonly Cell[]): string {
    const differs = (column: number) => {
      const a = old[column] ?? BLANK;
      const b = now[column] ?? BLANK;
      return a.text !== b.text || (a.style !== b.style && !(isBlank(a) && isBlank(b)));
    };
    let bytes = '';
    let column = 0;
    while (column < now.length) {
      if (!differs(column)) {
        column++;
        continue;
      }
      let end = column + 1;
      for (let ahead = end; ahead < now.length && ahead - end < WORTH_A_JUMP; ahead++)
        if (differs(ahead)) end = ahead + 1;
      // Not half a character.
      while (end < now.length && now[end]!.text === '') end++;
      bytes += `${ESC}${row + 1};${column + 1}H${written(now.slice(column, end))}`;
      column = end;
    }
    if (old.length > now.length) bytes += `${ESC}${row + 1};${now.length + 1}H${ESC}K`;
    return bytes;
  }
}

/** Reverse blanks would show; the styles that cells are filled up with do not. */
const isBlank = ({ text, style }: Cell) => text === ' ' && style !== 'chosen';

function written(cells: readonly Cell[]): string {
  let bytes = '';
  let style: Style = 'plain';
  for (const cell of cells) {
    // A blank needs no style of its own, but not reverse either.
    if (cell.style !== style && !(isBlank(cell) && style !== 'chosen')) {
      bytes += `${ESC}${SGR[cell.style]}m`;
      style = cell.style;
    }
    bytes += cell.text;
  }
  return style === 'plain' ? bytes : `${bytes}${ESC}0m`;
}
