import type { Draw } from './draw.ts';

/** What a program that means ill, or another version, may have in the place of something. */
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -1,
    0.5,
    1e21,
    -1e308,
    '',
    'x',
    '10.9.0.2',
    '2026-11-23T02:40:00.000Z',
    [],
    [null],
    {},
    [[]],
    { a: 1 },
  ],
  ...[
    '\u001b[8m',
    '\u001b]0;x\u0007',
    '\u202e\u2066',
    '\ud800',
    'a\nb\r',
    '\u0000',
    '"\\\n}',
    '|',
    'é',
    '𝒳'.repeat(200),
    '漢'.repeat(90),
    'critical',
  ],
];
export const HOSTILE_TEXTS: readonly string[] = VALUES.filter((value): value is string => typeof value === 'string');

/** Texts that are one of a closed list, or made here; and the elements of lists. */
const OURS =
  /^(verdict|kind|how|cause|confidence|schema|takenAt|lookedAt|twReuse|engine|code|mode|bindsTo|reason|collector|source|\d+)$/;

/**
 * A copy of a value with up to 8 changes, chosen by what is drawn: something in it replaced or left out. `onlyTexts`:
 * texts become other texts, and nothing else changes.
 */
export function edited<Value>(value: Value, draw: Draw, onlyTexts = false): unknown {
  const copy = { root: structuredClone(value) as unknown };
  for (let changes = 0; changes < 8 && !draw.isOver; changes++) {
    const place = placeIn(copy, draw);
    if (!onlyTexts && draw.byte() % 8 === 0) delete place.inside[place.key];
    else if (!onlyTexts) place.inside[place.key] = structuredClone(draw.of(VALUES));
    else if (typeof place.inside[place.key] === 'string' && !OURS.test(place.key)) {
      place.inside[place.key] = draw.of(HOSTILE_TEXTS);
    }
  }
  return copy.root;
}

/** Goes down by what is drawn, more often than not to the very end. */
function placeIn(top: object, draw: Draw): { inside: Record<string, unknown>; key: string } {
  let inside = top as Record<string, unknown>;
  let key = 'root';
  for (;;) {
    const next = inside[key];
    if (typeof next !== 'object' || next === null || Object.keys(next).length === 0) return { inside, key };
    const choice = draw.byte();
    if (choice >= 250) return { inside, key };
    inside = next as Record<string, unknown>;
    key = Object.keys(inside)[choice % Object.keys(inside).length] as string;
  }
}
