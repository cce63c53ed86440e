import { cut } from './width.ts';

/** Columns of a name or an error that anybody reads. */
const LONGEST = 120;

/** Escape sequences, right-to-left marks, joiners, fillers, halves of characters: what steers a terminal, or is not seen. */
const STEERING = /[\p{C}\p{Zl}\p{Zp}\p{DI}\p{RI}\p{EMod}]/gu;

/**
 * Text from outside (names of processes, of probes, of places in their code) such that a terminal only shows it: on one
 * line, of bounded length, each character one or two columns wide by itself. Marks that stack on a letter are dropped.
 */
export function inert(text: string, longest = LONGEST): string {
  const some = text.slice(0, longest * 4).normalize('NFC');
  return cut(some.replace(STEERING, '?').replace(/\p{M}+/gu, ''), longest);
}
