import type { DestinationReport } from '../../model/assessment.ts';
import type { Cause } from '../../model/cause.ts';
import type { Remedy, RemedyKind } from '../../model/remedy.ts';
import { GO } from './go.ts';
import { KERNEL } from './kernel.ts';
import { NODE_HTTP } from './node-http.ts';
import { ANY, CURL, JAVA, NGINX, PYTHON, SERVER } from './others.ts';
import { sizingOf } from './sizing.ts';
import type { Snippets } from './snippets.ts';
import { FETCH, UNDICI } from './undici.ts';

const BY_KIND: { readonly [kind in RemedyKind]: Snippets } = {
  undici: UNDICI,
  fetch: FETCH,
  'node:http': NODE_HTTP,
  go: GO,
  python: PYTHON,
  nginx: NGINX,
  java: JAVA,
  curl: CURL,
  server: SERVER,
  any: ANY,
  kernel: KERNEL,
};

/** By the kernel's name of a program. A Go program may have any: it is what is left. */
const COMMS: readonly (readonly [name: RegExp, kinds: readonly RemedyKind[]])[] = [
  [/^(node|nodejs|MainThread|electron|bun|deno)/, ['undici', 'fetch', 'node:http']],
  [/^(python|gunicorn|uwsgi|celery)/, ['python']],
  [/^(nginx|openresty|angie)/, ['nginx']],
  [/^java/, ['java']],
  [/^curl/, ['curl']],
];

/** All that would help, what fits this program first; never empty. */
export function remediesOf(cause: Cause, report: Omit<DestinationReport, 'causes'>): readonly Remedy[] {
  const sizing = sizingOf(report);
  const of = (kinds: readonly RemedyKind[]): Remedy[] =>
    kinds.flatMap((kind) => {
      const make = BY_KIND[kind][cause];
      return make === undefined ? [] : [{ for: kind, ...make(sizing) }];
    });
  const kinds = kindsOf(report);
  const fitting = of(kinds);
  // What fits any program is said where nothing fits this one.
  const own = fitting.length > 0 || cause === 'server_closes' ? fitting : of(['any']);
  const all = [...own, ...of(['server', 'kernel'])];
  return all.length > 0 ? all : of(['undici', 'go']);
}

function kindsOf({ probe, owners }: Omit<DestinationReport, 'causes'>): readonly RemedyKind[] {
  if (probe !== null) {
    const kinds: RemedyKind[] = probe.clients.flatMap((client) =>
      client === 'undici' ? (['undici', 'fetch'] as const) : (['node:http'] as const),
    );
    if (probe.isAll) return kinds;
  }
  const [owner] = owners ?? [];
  if (owner === undefined) return ['any'];
  return [...(COMMS.find(([name]) => name.test(owner.comm))?.[1] ?? ['go'])];
}
