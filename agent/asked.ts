import { routesTo } from '../collectors/route.ts';
import type { Endpoint } from './config/option-values.ts';
import type { AskedDestination } from './correlate/assess.ts';
import type { Gap } from './model/gap.ts';

/**
 * What --to asks for, resolved: every address of every name, from the local address the kernel would route from. What
 * the kernel would not connect to is a Gap. Rejects for a name that cannot be resolved.
 */
export async function resolveAsked(
  to: readonly Endpoint[],
): Promise<{ asked: readonly AskedDestination[]; gaps: readonly Gap[] }> {
  const routes = await routesTo(to);
  const gaps = routes.flatMap(({ error, remote, remotePort }) =>
    error === null
      ? []
      : [
          {
            source: 'route',
            what: `the local address for ${remote} port ${remotePort}`,
            why: error.message,
            costs: 'its headroom is that of an address no socket uses yet',
          },
        ],
  );
  return { asked: routes, gaps };
}
