import { BAR_LEGEND } from './bar.ts';
import { type Line, span } from './line.ts';

const HELP = [
  ['q, Ctrl-C', 'end'],
  ['arrows, j k', 'choose a destination; PgUp PgDn Home End, g G'],
  ['Enter', 'all that is known of it: why, whose, what to change'],
  ['Esc, q', 'back'],
  ['/', 'show only what matches: address, name, owner, cause, verdict'],
  ['s, < >', 'sort by risk, used, new/s, full, name, owner'],
  ['p', 'pause'],
  ['', ''],
  ['mark', 'ok fine, ~ near the slow half, ! warning, !! critical, ? blind'],
  ['USED', BAR_LEGEND],
  ['FREE', 'connect() calls that would succeed now'],
  ['NEW/s', 'connections opened a second; ?: not known'],
  ['SLOW', 'until each connect() takes 50 to 100 times longer'],
  ['FULL', 'until connect() fails, if all goes on as it does'],
  ['TREND', 'used ports, look by look, against their own highest'],
] as const;

const COLUMN = 13;

export function helpLines(): Line[] {
  return HELP.map(([key, text]) => [span(key.padEnd(COLUMN), 'strong'), span(text)]);
}
