import { routesTo } from '../collectors/route.ts';
import type { Endpoint } from './config/option-values.ts';
import type { AskedDestination } from './correlate/asked.ts';
import type { Gap } from './model/gap.ts';

/**
 * What --to asks for, resolved: every address of every name, from the local address the kernel would route from. What
 * the kernel would not connect to is a Gap, and so is a name that cannot be resolved; rejects if there is nothing else.
 */
export async function resolveAsked(
  to: readonly Endpoint[],
): Promise<{ asked: readonly AskedDestination[]; gaps: readonly Gap[] }> {
  const failures: Error[] = [];
  const routes = await routesTo(to, { onFailure: (error) => failures.push(error) });
  if (failures.length > 0 && routes.length === 0) throw failures[0];
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
  const unresolved = failures.map(({ message }) => ({
    source: 'route',
    what: 'a destination asked for',
    why: message,
    costs: 'it is missing, unless sockets use it',
  }));
  return { asked: routes, gaps: [...unresolved, ...gaps] };
}
