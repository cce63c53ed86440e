import { readFileSync } from 'node:fs';
import { root } from '../support/golden.ts';

export const CONTAINERFILE = readFileSync(`${root}systemd/package/Containerfile`, 'utf8');

/** The instructions of the Containerfile with what they say, each on one line. */
export const instructions = (): { readonly name: string; readonly text: string }[] =>
  CONTAINERFILE.replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ name: line.split(' ', 1)[0]!, text: line.slice(line.indexOf(' ') + 1) }));

export const textsOf = (wanted: string): string[] =>
  instructions().flatMap(({ name, text }) => (name === wanted ? [text] : []));
