// Who may import whom: the layers of the project as one table, and the check that holds the sources against it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

interface Layer {
  readonly name: string;
  /** Files of the layer; the first layer that matches a file has it. */
  readonly files: RegExp;
  /** Project files it may import. */
  readonly may: RegExp;
  /** Packages and node: modules it may import. */
  readonly packages: RegExp;
}

const NONE = /$^/;

const LAYERS: readonly Layer[] = [
  { name: 'agent/model', files: /^agent\/model\//, may: /^agent\/model\//, packages: NONE },
  { name: 'agent/correlate', files: /^agent\/correlate\//, may: /^agent\/(model|correlate)\//, packages: NONE },
  // The one native edge: everybody else says what, this says how.
  {
    name: 'collectors/libc.ts',
    files: /^collectors\/libc\.ts$/,
    may: NONE,
    packages: /^(node:(module|util)|koffi)$/,
  },
  // It lives in somebody else's process: what is not there cannot do harm.
  {
    name: 'the probe',
    files: /^collectors\/undici\/[\w-]+\.cts$/,
    may: /^(collectors\/undici\/[\w-]+\.cts|agent\/model\/probe\.ts)$/,
    packages: /^node:(diagnostics_channel|fs|http|net|worker_threads)$/,
  },
  {
    name: 'collectors/undici',
    files: /^collectors\/undici\//,
    may: /^(agent\/model|collectors)\//,
    packages: /^(node:(fs|net|path)|valibot)$/,
  },
  {
    name: 'collectors',
    files: /^collectors\//,
    may: /^(agent\/model|collectors)\//,
    packages: /^(node:(child_process|dgram|dns\/promises|events|process|url)|systeminformation)$/,
  },
  // Their package is not there when Lastport is installed, so nothing that runs then may see them.
  {
    name: 'exporters/grafana',
    files: /^exporters\/grafana\//,
    may: /^exporters\/(grafana\/|metrics\.ts$)/,
    packages: /^@grafana\/grafana-foundation-sdk\//,
  },
  {
    name: 'exporters/page/browser',
    files: /^exporters\/page\/browser\//,
    may: /^(agent\/model|exporters\/page)\//,
    packages: /^uplot$/,
  },
  // Who may read: certificates, passwords, and the limits of what reads.
  {
    name: 'exporters/web',
    files: /^exporters\/web\//,
    may: /^(agent\/model\/|exporters\/(web\/|http-answer\.ts$))/,
    packages: /^(node:(crypto|http|https|net|os|tls|worker_threads)|bcryptjs)$/,
  },
  {
    name: 'exporters',
    files: /^exporters\//,
    may: /^(agent\/model|exporters)\/(?!grafana\/)/,
    packages:
      /^(node:(dns\/promises|events|fs|fs\/promises|http|net|path|util|zlib)|prom-client|pino|string-width|undici|yaml)$/,
  },
  // Makes packages of all that; nothing that runs may see it.
  {
    name: 'systemd/package',
    files: /^systemd\/package\//,
    may: /^(systemd\/package\/|agent\/config\/(options|command-words)\.ts$)/,
    packages: /^node:/,
  },
  // Only what puts the parts together sees the tables of collectors and exporters.
  {
    name: 'agent/wiring',
    files: /^agent\/((main|worker)\.ts$|wiring\/)/,
    may: /^(agent|collectors|exporters)\/(?!grafana\/)/,
    packages: /./,
  },
  {
    name: 'agent',
    files: /^agent\//,
    may: /^(agent\/|(collectors|exporters)\/(?!index\.ts$|grafana\/))/,
    packages: /^(?!systeminformation$|prom-client$|pino$)/,
  },
];

/** Every import, export-from and dynamic import of a source text. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statements = /(?:^|\n)\s*(?:import|export)\s(?:[\w*{][^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/g;
  const calls = /\bimport\(\s*['"`]([^'"`]+)['"`]/g;
  return [...code.matchAll(statements), ...code.matchAll(calls)].map((match) => match[1]!);
}

/** One line for each import that the table does not allow. `sources` maps paths from the root to texts. */
export function violations(sources: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    const layer = LAYERS.find(({ files }) => files.test(path));
    if (layer === undefined) {
      found.push(`${path} belongs to no layer`);
      continue;
    }
    for (const specifier of importsOf(text)) {
      const target = specifier.startsWith('.') ? join(dirname(path), specifier) : null;
      const allowed = target === null ? layer.packages.test(specifier) : layer.may.test(target);
      if (!allowed) found.push(`${path} imports ${target ?? specifier}, which ${layer.name} may not`);
    }
  }
  return found;
}

/** All sources below agent/, collectors/, exporters/ and systemd/, by their path from `root`. */
export function sourcesOf(root: string): Map<string, string> {
  const sources = new Map<string, string>();
  for (const folder of ['agent', 'collectors', 'exporters', 'systemd']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(root, folder, name);
      if (/\.c?ts$/.test(name)) sources.set(relative(root, path), readFileSync(path, 'utf8'));
    }
  }
  return sources;
}
