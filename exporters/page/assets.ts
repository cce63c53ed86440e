import { readdir, readFile } from 'node:fs/promises';

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const SVG = 'image/svg+xml';

/** The page may load what is served here and nothing else, and nobody may frame it. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What the live page is made of, by path. Rejects where a file is missing. */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const written = (name: string) => new URL(`../../../exporters/page/${name}`, import.meta.url);
  const compiled = new URL('browser/', import.meta.url);
  const scripts = (await readdir(compiled)).filter((name) => name.endsWith('.js'));
  const files: readonly (readonly [path: string, type: string, file: URL])[] = [
    ['/', HTML, written('index.html')],
    ['/page/page.css', CSS, written('page.css')],
    ['/page/icon.svg', SVG, written('icon.svg')],
    ['/page/uplot.css', CSS, new URL(import.meta.resolve('uplot/dist/uPlot.min.css'))],
    ['/page/uplot.js', SCRIPT, new URL(import.meta.resolve('uplot/dist/uPlot.iife.min.js'))],
    ...scripts.map((name) => [`/page/${name}`, SCRIPT, new URL(name, compiled)] as const),
  ];
  const assets = files.map(async ([path, type, file]) => [path, { type, body: await readFile(file, 'utf8') }] as const);
  return new Map(await Promise.all(assets));
}
