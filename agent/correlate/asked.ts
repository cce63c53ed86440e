import { type Address, compareAddresses, formatAddress, parseAddress } from '../model/address.ts';
import type { DestinationReport } from '../model/assessment.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { NO_CONNECTIONS, UNDIAGNOSED } from './churn.ts';
import { UNUSED_FORECAST } from './forecast.ts';
import { headroom, type NamespacePorts, outOfReach } from './headroom.ts';
import { destinationVerdict } from './verdict.ts';

/** A destination to report even if no socket uses it. Addresses are text as an Assessment has them. */
export interface AskedDestination {
  readonly local: string | null;
  readonly remote: string;
  readonly remotePort: number;
  readonly remoteName: string | null;
}

/** The destinations asked for, found again among those in use. */
export class AskedSet {
  private readonly asked: readonly { ask: AskedDestination; remote: Address }[];

  constructor(asked: readonly AskedDestination[]) {
    this.asked = asked.flatMap((ask) => {
      const remote = parseAddress(ask.remote);
      return remote === null ? [] : [{ ask, remote }];
    });
  }

  /** Reports for those that no socket uses from the address the kernel would route from. */
  unused(inUse: readonly DestinationReport[], shared: NamespacePorts): DestinationReport[] {
    const key = (one: AskedDestination) => `${one.local} ${one.remote} ${one.remotePort}`;
    // Whoever is bound to an interface is a destination of its own; only link-local addresses have no other.
    const plain = inUse.filter(({ device, remote }) => device === null || isLinkLocal(remote));
    const known = new Set(plain.map(key));
    return this.asked.flatMap(({ ask, remote }) => {
      if (known.has(key(ask)) || (ask.local === null && plain.some((one) => isSameRemote(one, ask)))) return [];
      known.add(key(ask));
      const result = headroom(shared);
      return [
        {
          local: ask.local,
          device: null,
          remote: formatAddress(remote),
          remotePort: ask.remotePort,
          remoteName: ask.remoteName,
          asked: true,
          ...result,
          states: {},
          ...NO_CONNECTIONS,
          forecast: UNUSED_FORECAST,
          tide: null,
          verdict: destinationVerdict(result, shared.usable.firstParityCount, outOfReach(shared)),
          ...UNDIAGNOSED,
        },
      ];
    });
  }

  /** Any local address counts: whoever asks for a destination wants to see all that uses it. */
  find(sockets: SocketTable, destination: number): AskedDestination | undefined {
    if (this.asked.length === 0) return undefined;
    const port = sockets.remotePortOf(destination);
    if (!this.asked.some(({ ask }) => ask.remotePort === port)) return undefined;
    const address = sockets.remoteAddress(destination);
    return this.asked.find(({ ask, remote }) => ask.remotePort === port && compareAddresses(remote, address) === 0)
      ?.ask;
  }
}

/** fe80::/10, whose sockets are always bound to the interface of their zone. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/.test(address);

function isSameRemote(a: AskedDestination, b: AskedDestination): boolean {
  return a.remote === b.remote && a.remotePort === b.remotePort;
}
