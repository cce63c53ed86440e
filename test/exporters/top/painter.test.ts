import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Line, type Style, span } from '../../../exporters/top/line.ts';
import { Painter } from '../../../exporters/top/painter.ts';
import { width } from '../../../exporters/top/width.ts';

const SIZE = { columns: 20, rows: 4 };
const plain = { color: false, utf8: true };
const lines = (...texts: string[]): Line[] => texts.map((text) => [span(text)]);

/** What a terminal shows after these bytes; fails on a sequence that a painter has no use for. */
class Glass {
  readonly rows: string[][] = Array.from({ length: SIZE.rows }, () => Array<string>(SIZE.columns).fill(' '));
  private row = 0;
  private column = 0;

  write(bytes: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal obeys
    for (const [token, , numbers = '', final] of bytes.matchAll(/(\u001b\[([?\d;]*)([A-Za-z]))|[\s\S]/gu)) {
      if (final === undefined) this.put(token);
      else if (final === 'H') [this.row = 0, this.column = 0] = numbers.split(';').map((one) => Number(one) - 1);
      else if (final === 'K') this.rows[this.row]!.fill(' ', this.column);
      else if (final === 'J') for (const row of this.rows) row.fill(' ');
      else assert.match(token, /\[(\?2026[hl]|[\d;]*m)$/);
    }
  }

  private put(character: string): void {
    assert.ok(character >= ' ', JSON.stringify(character));
    const row = this.rows[this.row]!;
    const end = this.column + width(character);
    // Half of a wide one that is written over goes with its other half.
    if (row[this.column] === '') row[this.column - 1] = ' ';
    if (row[end] === '') row[end] = ' ';
    row[this.column] = character;
    if (width(character) === 2) row[this.column + 1] = '';
    this.column = end;
  }

  toString(): string {
    return this.rows.map((row) => row.join('').trimEnd()).join('\n');
  }
}

describe('Painter', () => {
  it('writes everything once, and then nothing while nothing changes', () => {
    const painter = new Painter(plain);
    assert.match(painter.paint(lines('one', 'two'), SIZE), /\[2J.*one.*two/s);
    assert.equal(painter.paint(lines('one', 'two'), SIZE), '');
  });

  it('writes only what has changed', () => {
    const painter = new Painter(plain);
    painter.paint(lines('one', 'deadline 4.1s and so on', 'three'), SIZE);
    const bytes = painter.paint(lines('one', 'deadline 3.1s and so on', 'three'), SIZE);
    assert.equal(bytes.replaceAll('\u001b', 'ESC'), 'ESC[?2026hESC[2;10H3ESC[?2026l');
  });

  it('erases what a shorter line leaves', () => {
    const painter = new Painter(plain);
    painter.paint(lines('long line'), SIZE);
    assert.equal(painter.paint(lines('long'), SIZE).replaceAll('\u001b', 'ESC'), 'ESC[?2026hESC[1;5HESC[KESC[?2026l');
  });

  it('paints all again after a resize, and when it is told to forget', () => {
    const painter = new Painter(plain);
    painter.paint(lines('one'), SIZE);
    assert.match(painter.paint(lines('one'), { columns: 10, rows: 4 }), /\[2J.*one/s);
    painter.forget();
    assert.match(painter.paint(lines('one'), { columns: 10, rows: 4 }), /\[2J.*one/s);
  });

  it('has no colour where none is wanted', () => {
    const frame: Line[] = [[span('!!', 'critical'), span(' x', 'chosen')]];
    const uncolored = new Painter(plain).paint(frame, SIZE);
    assert.ok(!/\[[\d;]*[1-9][\d;]*m/.test(uncolored), JSON.stringify(uncolored));
    assert.match(new Painter({ color: true, utf8: true }).paint(frame, SIZE), /\[0;1;31m!!/);
  });

  it('writes ASCII where the locale has no UTF-8', () => {
    const bytes = new Painter({ color: false, utf8: false }).paint(lines('█▒·x|…字'), SIZE);
    assert.match(bytes, /#=\.x\|~\?/);
  });

  it('lets nothing through that steers', () => {
    const glass = new Glass();
    glass.write(new Painter(plain).paint(lines('a\u001b]0;x\u0007b\u202ec\n'), SIZE));
    assert.equal(glass.toString().split('\n')[0], 'a?]0;x?b?c?');
  });

  it('leads from any screen to any other', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '字', '█'), maxLength: 24 });
    const style = fc.constantFrom<Style>('plain', 'critical', 'chosen', 'faint');
    const line = fc.array(fc.record({ text, style }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: SIZE.rows }), { minLength: 2, maxLength: 5 }), (frames) => {
        const painter = new Painter({ color: true, utf8: true });
        const glass = new Glass();
        for (const frame of frames) glass.write(painter.paint(frame, SIZE));
        const fresh = new Glass();
        fresh.write(new Painter({ color: true, utf8: true }).paint(frames.at(-1)!, SIZE));
        assert.equal(glass.toString(), fresh.toString());
      }),
    );
  });
});
