import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** The page may load what is served here and nothing else, and nobody may frame it. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What the live page is made of, by path. Throws where a file is missing. */
export function readAssets(): ReadonlyMap<string, Asset> {
  const written = (name: string) => readFileSync(new URL(`../../../exporters/page/${name}`, import.meta.url), 'utf8');
  const compiled = new URL('browser/', import.meta.url);
  const uplot = createRequire(import.meta.url).resolve('uplot/package.json');
  const plot = (name: string) => readFileSync(new URL(`dist/${name}`, `file://${uplot}`), 'utf8');
  const scripts = readdirSync(fileURLToPath(compiled)).filter((name) => name.endsWith('.js'));
  return new Map<string, Asset>([
    ['/', { type: HTML, body: written('index.html') }],
    ['/page/page.css', { type: CSS, body: written('page.css') }],
    ['/page/icon.svg', { type: 'image/svg+xml', body: written('icon.svg') }],
    ['/page/uplot.css', { type: CSS, body: plot('uPlot.min.css') }],
    ['/page/uplot.js', { type: SCRIPT, body: plot('uPlot.iife.min.js') }],
    ...scripts.map((name): [string, Asset] => [
      `/page/${name}`,
      { type: SCRIPT, body: readFileSync(new URL(name, compiled), 'utf8') },
    ]),
  ]);
}
