import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One npm package that comes along. */
export interface Part {
  readonly name: string;
  readonly version: string;
  /** SPDX, as its package.json has it. */
  readonly license: string;
  /** Its folder below the one that was asked of: "node_modules/yargs". */
  readonly folder: string;
  /** As in package-lock.json: "sha512-…". */
  readonly integrity: string;
  /** Name and text of what it says of its licence; the ready-made parts of koffi say it in koffi. */
  readonly texts: readonly { readonly file: string; readonly text: string }[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;

/**
 * What `root` needs when it runs, found as Node would find it. Peers are left out: valibot's is TypeScript, for its types,
 * and weighs ten times the rest.
 */
export function partsOf(root: string): Part[] {
  const lock = readJson(join(root, 'package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  const found = new Map<string, Part>();
  const visit = (folder: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(join(root, folder));
    for (const name of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) {
      const place = resolve(root, folder, name);
      if (place === null) {
        // Made for another system.
        if (name in optionalDependencies) continue;
        throw new Error(`Cannot find ${name}, which ${folder || root} needs; run npm ci`);
      }
      if (found.has(place)) continue;
      found.set(place, part(root, place, lock.packages[place]?.integrity));
      visit(place);
    }
  };
  visit('');
  return [...found.values()].sort((one, other) => (one.folder < other.folder ? -1 : 1));
}

function resolve(root: string, from: string, name: string): string | null {
  for (let folder = from; ; folder = dirname(dirname(folder))) {
    const place = join(folder, 'node_modules', name);
    if (existsSync(join(root, place, 'package.json'))) return place;
    if (folder === '' || folder === '.') return null;
    // "node_modules/@scope/name" has one more.
    if (folder.split('/').at(-2)?.startsWith('@')) folder = dirname(folder);
  }
}

function part(root: string, folder: string, integrity: string | undefined): Part {
  const { name, version, license } = manifestOf(join(root, folder));
  if (integrity === undefined) throw new Error(`${folder} has no checksum in package-lock.json; run npm install`);
  if (license === undefined)
    throw new Error(`${folder}/package.json names no licence; do without it, or ask its author`);
  const files = readdirSync(join(root, folder)).filter((file) => LICENSE_FILE.test(file));
  const texts = files.map((file) => ({ file, text: readFileSync(join(root, folder, file), 'utf8') }));
  return { name, version, license, folder, integrity, texts };
}

const manifestOf = (folder: string): Manifest => readJson(join(folder, 'package.json')) as Manifest;

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
