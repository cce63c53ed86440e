import { formatAddress } from '../model/address.ts';
import { PORTS } from '../model/port-settings.ts';
import type { SocketTable } from '../model/socket-table.ts';

/** Connections remembered per port whose listener has gone. Where there are more, not all will go between two looks. */
const REMEMBERED_PER_PORT = 1024;

/**
 * Which local ports are a service's. A port that listens is; and when the listener closes while connections it accepted
 * remain, those are still inbound and the port's bind bucket still blocks it for every connect(). The table no longer
 * shows that, so it is remembered from the look before, for as long as one of those connections lives. One memory per
 * network namespace.
 */
export class InboundMemory {
  /** The ports that listened at the last look and had connections. */
  private listened: readonly number[] = [];
  private readonly survivors = new Map<number, Set<string>>();

  /**
   * Fills in, by port, 1 where the local port is a service's, else 0. Call once per look, in their order. `inbound` may
   * be shared by many namespaces, of which each needs it only for its own look.
   */
  update(table: SocketTable, inbound: Uint8Array = new Uint8Array(PORTS)): Uint8Array {
    const { survivors } = this;
    const suspects = new Set<number>();
    for (const port of [...survivors.keys(), ...this.listened]) {
      if (table.listening[port] === 0 && table.inUse[port] === 1) suspects.add(port);
      else survivors.delete(port);
    }
    this.listened = table.listeningPorts.filter((port) => table.accepted[port] === 1);
    inbound.set(table.listening);
    if (suspects.size === 0) return inbound;

    const now = connectionsOf(table, suspects);
    for (const port of suspects) {
      const before = survivors.get(port);
      const connections = now.get(port) ?? new Set();
      const known = before !== undefined && before.size < REMEMBERED_PER_PORT;
      const alive = known ? intersection(before, connections) : connections;
      if (alive.size === 0) {
        survivors.delete(port);
      } else {
        survivors.set(port, alive);
        inbound[port] = 1;
      }
    }
    return inbound;
  }
}

function connectionsOf(table: SocketTable, ports: ReadonlySet<number>): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>();
  for (let destination = 0; destination < table.destinationCount; destination++) {
    for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
      const port = table.localPort[row]!;
      if (!ports.has(port)) continue;
      const connections = found.get(port) ?? new Set();
      found.set(port, connections);
      if (connections.size >= REMEMBERED_PER_PORT) continue;
      const [local, remote] = [table.localAddress(destination), table.remoteAddress(destination)];
      connections.add(`${formatAddress(local)} ${formatAddress(remote)} ${table.remotePortOf(destination)}`);
    }
  }
  return found;
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((key) => b.has(key)));
}
