import { describe, it } from 'node:test';
import { obstacle } from './netns.ts';
import { hold, isAsked, type Situation, WAYS, type Way } from './situation.ts';
import { BLOCKING } from './situations/blocking.ts';
import { CLOSING } from './situations/closing.ts';
import { DESTINATIONS } from './situations/destinations.ts';
import { RANGES } from './situations/ranges.ts';

const THEMES: Readonly<Record<string, readonly Situation[]>> = {
  'who shares ports': DESTINATIONS,
  'what connections leave behind': CLOSING,
  'what takes ports from everybody': BLOCKING,
  'what there is to take': RANGES,
};

const skip = await obstacle();
for (const [theme, situations] of Object.entries(THEMES)) {
  describe(`lastport check against the kernel: ${theme}`, { skip }, () => {
    for (const situation of situations) {
      const known = WAYS.map((way) => `by ${way} ${knowable(situation, way)}`).join(', ');
      it(`${situation.name} (${known})`, (t) => hold(situation, t));
    }
  });
}

function knowable({ answers }: Situation, way: Way): string {
  const of = ({ knowable, unknowable }: Situation['answers'][number]) =>
    !isAsked(way) ? knowable : unknowable === undefined ? 'exact' : `band: ${unknowable}`;
  return [...new Set(answers.map(of))].join(', ');
}
