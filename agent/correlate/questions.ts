import type { SocketTable } from '../model/socket-table.ts';
import type { FlowCounter } from './flow.ts';
import { headroom, headroomIfBlocked, type NamespacePorts, outOfReach } from './headroom.ts';
import { MAYBE_BLOCKED } from './port-kinds.ts';
import { destinationVerdict } from './verdict.ts';

/**
 * Which of the ports that may be blocked are worth asking the kernel about.
 * - deciding: where the answers could change a destination's verdict
 * - reported: where they could change any number of a destination that is reported
 * - all: every one in use
 */
export type AskScope = 'deciding' | 'reported' | 'all';

/**
 * The ports to ask about, likeliest blocked first: connect() prefers the first parity and bind(port 0) the other, so
 * one of the second was probably bound (inet_csk_find_open_port). `picked` are the destinations reported; `unused` says
 * that there are others, in use by nobody.
 */
export function questions(
  table: SocketTable,
  shared: NamespacePorts,
  counter: FlowCounter,
  picked: readonly number[],
  unused: boolean,
  scope: AskScope,
): readonly number[] {
  if (shared.maybeBlocked === 0) return [];
  const { usable, kinds } = shared;
  const matters = (destination: number | null) => {
    const counts = destination === null ? undefined : counter.measure(table, destination);
    const best = headroom(shared, counts);
    const worst = headroomIfBlocked(shared, counts);
    if (scope === 'reported') return best.headroomPorts !== worst.headroomPorts;
    const reach = outOfReach(shared, counts);
    const verdict = (one: typeof best) => destinationVerdict(one, usable.firstParityCount, reach);
    return verdict(best) !== verdict(worst);
  };
  const everyPort = scope === 'all' || (unused && matters(null));
  const wanted = everyPort ? null : portsOfInterest(table, shared, counter, picked.filter(matters));
  const ports: number[] = [];
  for (const parity of [1, 0]) {
    for (let port = usable.low + parity; port <= usable.high; port += 2) {
      if (usable.set[port] === 1 && kinds[port] === MAYBE_BLOCKED && (wanted?.(port) ?? true)) ports.push(port);
    }
  }
  return ports;
}

/** A port matters to a destination that does not use it, or would use it again. */
function portsOfInterest(
  table: SocketTable,
  shared: NamespacePorts,
  counter: FlowCounter,
  destinations: readonly number[],
): (port: number) => boolean {
  if (destinations.length === 0) return () => false;
  const holders = new Uint32Array(shared.kinds.length);
  for (const destination of destinations) {
    // Where it takes ports over, those it holds are of interest too.
    if (counter.measure(table, destination).reusable > 0) return () => true;
    counter.eachPort((port) => {
      holders[port] = holders[port]! + 1;
    });
  }
  return (port) => holders[port]! < destinations.length;
}
