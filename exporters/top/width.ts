import stringWidth from 'string-width';

const ASCII = /^[\x20-\x7e]*$/;

/** What has been asked; a screen's own glyphs come again and again. */
const known = new Map<string, number>();
const MOST_KNOWN = 2000;

/** Columns that a terminal gives it, character by character (inert.ts): a Chinese one has two. */
export function width(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

function widthOf(character: string): number {
  const columns = known.get(character) ?? stringWidth(character);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(character, columns);
  return columns;
}

/** At most so many columns; what is left out is told by its last one. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  return columns <= 0 ? '' : `${start(text, columns - 1)}…`;
}

/** The same with both ends: an address says as much by its port as by its network. */
export function cutMiddle(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns < 3) return cut(text, columns);
  const tail = Math.floor((columns - 1) / 2);
  const end = [...start([...text].reverse().join(''), tail)].reverse().join('');
  return `${start(text, columns - 1 - tail)}…${end}`;
}

/** Lines of at most so many columns, broken at blanks where there are any; what follows is indented as the first. */
export function wrap(text: string, columns: number): string[] {
  const indent = /^ */.exec(text)?.[0].slice(0, Math.max(0, Math.floor(columns / 2))) ?? '';
  const lines: string[] = [];
  let rest = text.trimEnd();
  while (width(rest) > columns) {
    const head = start(rest, columns);
    const blank = head.length < rest.length && rest[head.length] === ' ' ? head.length : head.lastIndexOf(' ');
    const end = blank > indent.length ? blank : Math.max(1, head.length);
    lines.push(rest.slice(0, end).trimEnd());
    rest = `${indent}${rest.slice(end).trimStart()}`;
    if (columns <= indent.length + 1) return [...lines, start(rest, columns)];
  }
  return [...lines, rest];
}

export const padEnd = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - width(text)));
export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - width(text))) + text;

/** Whole characters from its start. */
function start(text: string, columns: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, columns));
  let taken = '';
  let used = 0;
  for (const character of text) {
    used += width(character);
    if (used > columns) break;
    taken += character;
  }
  return taken;
}
