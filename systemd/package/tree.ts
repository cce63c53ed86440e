import { copyFileSync, mkdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { copy, filesBelow, readText } from './files.ts';
import { assertAllowed, copyrightFile, type Shipped } from './licences.ts';
import { type Part, partsOf } from './production.ts';
import { runProgram } from './run-program.ts';

/** As npm calls them. */
export const ARCHS = ['x64', 'arm64'] as const;
export type Arch = (typeof ARCHS)[number];

/** What Node loads, and what the page is made of. */
const LOADED: ReadonlySet<string> = new Set(['.js', '.cjs', '.mjs', '.json', '.node', '.css']);
const OWN: ReadonlySet<string> = new Set([...LOADED, '.html', '.svg']);
/** At the top of a package: for those who work on it. `musl_…` is koffi for another libc. */
const FOR_OTHERS = /^(tests?|docs?|examples?|benchmarks?|scripts|vendor|musl_\w+)\/|^(eslint\.config|tsconfig)\b/;

export interface Tree {
  /** Everything that comes along but Lastport itself: npm's packages, and Node. */
  readonly parts: readonly Part[];
  /** The text of the copyright file, for a tree that lies at `prefix`. */
  copyright(prefix: string): string;
}

/**
 * Lays out what runs, from the sources' folder `root` (built, with its lock file), into `into`: Lastport as npm would
 * pack it, its packages for one architecture, and a Node. `work` is for what npm fetches; the network is not needed where
 * npm's cache has it all.
 */
export function layOut(root: string, arch: Arch, into: string, work: string): Tree {
  const modules = fetched(root, arch, join(work, `modules-${arch}`));
  const node = fetched(join(root, 'systemd/package/node'), arch, join(work, `node-${arch}`));
  for (const file of packedFiles(root).filter((path) => OWN.has(extname(path)) && !path.startsWith('systemd/'))) {
    copy(join(root, file), join(into, file));
  }
  const parts = partsOf(modules);
  assertAllowed(parts);
  for (const { folder } of parts) {
    for (const file of filesBelow(join(modules, folder))) {
      const isNested = file.startsWith('node_modules/');
      if (!isNested && LOADED.has(extname(file)) && !FOR_OTHERS.test(file))
        copy(join(modules, folder, file), join(into, folder, file));
    }
  }
  const [nodePart] = partsOf(node).filter(({ name }) => name === `node-linux-${arch}`);
  if (nodePart === undefined) throw new Error(`npm brought no node-linux-${arch}`);
  copy(join(node, nodePart.folder, 'bin/node'), join(into, 'bin/node'), 0o755);
  const own = readText(join(root, 'LICENSE'));
  const shipped = (prefix: string): Shipped[] => [
    ...parts.map((part) => ({ ...part, folder: `${prefix}/${part.folder}` })),
    // Node's own text goes on with those of all that is linked into it.
    { ...nodePart, name: 'node', license: 'Node.js', folder: `${prefix}/bin` },
  ];
  return { parts: [...parts, nodePart], copyright: (prefix) => copyrightFile(own, shipped(prefix)) };
}

/** A folder with node_modules/ as its lock file has it, for production and for that architecture. */
function fetched(from: string, arch: Arch, into: string): string {
  mkdirSync(into, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(from, file), join(into, file));
  const target = ['--os=linux', `--cpu=${arch}`, '--libc=glibc'];
  runProgram(
    'npm',
    ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...target],
    {
      cwd: into,
    },
  );
  return into;
}

/** What `npm pack` would pack. */
function packedFiles(root: string): string[] {
  const text = runProgram('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
  const [packed] = JSON.parse(text) as { files: { path: string }[] }[];
  return (packed?.files ?? []).map(({ path }) => path).sort();
}

/** What people read. */
export function layOutDocs(root: string, into: string): void {
  for (const file of ['README.md', ...filesBelow(join(root, 'docs')).map((path) => `docs/${path}`)]) {
    if (!/\.png$/.test(file)) copy(join(root, file), join(into, file));
  }
}
