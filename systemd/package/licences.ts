import type { Part } from './production.ts';

/** Licences that ask for no more than to be named, and do not reach what lies beside them. */
const ALLOWED: ReadonlySet<string> = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD']);

/** Throws for the first whose licence is none of these. */
export function assertAllowed(parts: readonly Pick<Part, 'name' | 'license'>[]): void {
  for (const { name, license } of parts) {
    if (ALLOWED.has(license)) continue;
    throw new Error(
      `${name} is under ${license}, which none of ${[...ALLOWED].join(', ')} is; do without it, or allow it`,
    );
  }
}

/** What ships beside Lastport itself. */
export interface Shipped extends Pick<Part, 'name' | 'version' | 'license' | 'texts'> {
  /** Where it lies in the package. */
  readonly folder: string;
}

/**
 * Debian's machine-readable copyright file (copyright-format 1.0): who wrote what is in the package, and the licence of
 * each, word by word.
 */
export function copyrightFile(own: string, shipped: readonly Shipped[]): string {
  const header = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: lastport',
    'Comment: Made with the package from what is in it.',
  ].join('\n');
  const texts = new Map(shipped.map((one) => [one.name, textOf(one)]));
  const all = shipped.map(({ name, version, license, folder }) =>
    paragraph(`${folder}/*`, license, texts.get(name) || (texts.get(familyOf(name)) ?? ''), `${name} ${version}`),
  );
  return `${[header, paragraph('*', 'MIT', own), ...all].join('\n\n')}\n`;
}

/** "@koromix/koffi-linux-x64" is koffi, made ready. */
const familyOf = (name: string): string => /^@koromix\/(koffi)-/.exec(name)?.[1] ?? name;

const textOf = ({ texts }: Shipped): string => texts.map(({ text }) => text.trim()).join('\n\n');

function paragraph(files: string, license: string, text: string, comment?: string): string {
  if (text === '') throw new Error(`${files} brings no text of its licence; add one to licences.ts`);
  // An organisation's "Copyright (c) 2021 …"; the Apache licence has none but its own words.
  const holders = [...text.matchAll(/^\W*(?:Portions )?Copyright\s+((?:\([cC]\)|©|\d|[A-Z]).*\S)\s*$/gm)].map(
    ([, who]) => who!.replace(/^(\(c\)|©)\s*/i, ''),
  );
  const copyright = holders.length > 0 ? [...new Set(holders)].join('\n ') : 'its authors, as named below';
  return [
    `Files: ${files}`,
    ...(comment === undefined ? [] : [`Comment: ${comment}`]),
    `Copyright: ${copyright}`,
    `License: ${license}`,
    ...text.split('\n').map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`)),
  ].join('\n');
}
