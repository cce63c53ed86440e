import type { Cause } from '../../agent/model/cause.ts';
import type { Expected, KernelExpectation } from './kernel-counts.ts';
import { node, secureServer, server } from './programs.ts';
import type { Situation, UndiciOf } from './situation.ts';

/** undici 6, 7 and the fetch that Node brings along: as found by running them, on Node 20.20, 22.23 and 24.21. */
interface Row {
  readonly count?: number;
  readonly kernel: (count: number, undici: UndiciOf) => KernelExpectation;
  readonly cause: Cause | 'none';
  readonly orCause?: readonly Cause[];
  /** By TLS, at a port of its own. */
  readonly securePort?: number;
  /** More of a kind: every undici does alike. */
  readonly isVariety?: boolean;
  /** Of undici. */
  readonly since?: number;
  readonly only?: 'undici' | 'fetch';
}

/** Opened at first: a plain loop of await opens two, sometimes three. */
const FEW = [1, 3] as const;
/** Who closes first is a race where both sides know that the connection ends, and whoever does keeps the TIME_WAIT. */
const race = (count: number): Expected => [0, count];

const reused = () => ({ opened: FEW, established: FEW });
const oneEach = (count: number) => ({ opened: count, timeWait: race(count) });
const closedByClient = (count: number) => ({ opened: count, timeWait: count });
/** By the server, or by a RST of whomever. */
const closedTraceless = (count: number) => ({ opened: count });
/** It promised to keep it: now and then the next request is sent before the end of the connection is seen, and fails. */
const closedUnasked = (count: number) => ({ opened: [count / 2, count] as const });
const stuck = (count: number) => ({ opened: count, established: count });

/**
 * A large body given up ends with a RST, for unread data lies in the kernel, and leaves nothing. After each, undici opens a
 * connection for nobody (undici #5845): 7 closes it at once, and the only TIME_WAIT there are come from these; 6 keeps it
 * and uses it for the next request, so that few are left over. On a busy machine a few of 7's leave nothing either.
 */
const givenUp = (count: number, { major }: UndiciOf): KernelExpectation =>
  major === 7
    ? { opened: [2 * count - 2, 2 * count], timeWait: [count / 2, count] }
    : { opened: [count, count + 4], established: FEW };

/** An aborted request's connection is closed by a FIN, as nothing is unread. */
const abortedEarly = (count: number): KernelExpectation => ({
  opened: [count, 2 * count],
  timeWait: [count, 2 * count],
  established: [0, 3],
});

const ANY_CERTIFICATE = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };

const ROWS: Readonly<Record<string, Row>> = {
  read: { kernel: reused, cause: 'none' },
  'read-large': { isVariety: true, kernel: reused, cause: 'none' },
  'small-unread': { kernel: reused, cause: 'none' },
  'large-unread': { kernel: stuck, cause: 'leaked_body' },
  // request() never gives a connection back by garbage collection.
  'large-unread-collected': {
    only: 'fetch',
    // All at once, so that undici 6 has no request to use its phantoms for: they all stay.
    kernel: (count, { major }) =>
      major === 7
        ? { opened: [2 * count - 2, 2 * count], timeWait: [count / 2, count] }
        : { opened: [2 * count - 2, 2 * count], established: [count - 2, count] },
    cause: 'unread_body',
    // Until the collector comes, which a slow machine gives time to see.
    orCause: ['leaked_body'],
  },
  cancel: { kernel: givenUp, cause: 'unread_body' },
  abort: { kernel: givenUp, cause: 'unread_body' },
  'loop-left': { isVariety: true, kernel: givenUp, cause: 'unread_body' },
  'dump-small': { only: 'undici', kernel: reused, cause: 'none' },
  'dump-large': { only: 'undici', kernel: givenUp, cause: 'unread_body' },
  'agent-closed': { only: 'undici', kernel: closedByClient, cause: 'client_per_request' },
  'agent-open': { only: 'undici', kernel: stuck, cause: 'client_per_request' },
  'hint-1': { kernel: closedByClient, cause: 'keepalive_hint_too_short' },
  'hint-2': { isVariety: true, kernel: closedByClient, cause: 'keepalive_hint_too_short' },
  // Two seconds of margin leave one: they are reused, and closed by the client when it is over.
  'hint-3': { isVariety: true, kernel: () => ({ opened: FEW, timeWait: FEW }), cause: 'none' },
  'pipelining-off': { only: 'undici', kernel: oneEach, cause: 'keepalive_disabled' },
  reset: { only: 'undici', kernel: oneEach, cause: 'keepalive_disabled' },
  'connection-close': { kernel: oneEach, cause: 'keepalive_disabled' },
  // maxRequestsPerClient: 1 lets two through, and more where they come before the close (6: two each).
  'request-limit': {
    isVariety: true,
    only: 'undici',
    kernel: (count) => ({ opened: [count / 2, count], timeWait: race(count) }),
    cause: 'keepalive_disabled',
    orCause: ['connection_per_request'],
  },
  head: { kernel: oneEach, cause: 'keepalive_disabled', orCause: ['connection_per_request'] },
  'server-asks': { kernel: oneEach, cause: 'server_closes' },
  'server-fin': { kernel: closedUnasked, cause: 'server_closes' },
  'server-rst': { kernel: closedUnasked, cause: 'server_closes' },
  'server-fin-early': { isVariety: true, kernel: closedTraceless, cause: 'server_closes' },
  'server-fin-body': { isVariety: true, kernel: closedTraceless, cause: 'server_closes' },
  eof: { isVariety: true, kernel: closedTraceless, cause: 'server_closes' },
  // A server that says nothing of how long: undici lets go after 4 s.
  burst: {
    count: 500,
    kernel: (count) => ({ opened: count, timeWait: count }),
    cause: 'no_connection_limit',
  },
  'burst-limited': { only: 'undici', count: 500, kernel: () => ({ opened: 50, established: 50 }), cause: 'none' },
  'abort-early': { kernel: abortedEarly, cause: 'aborted_requests' },
  'headers-timeout': { only: 'undici', kernel: closedByClient, cause: 'aborted_requests' },
  tls: { isVariety: true, securePort: 9443, kernel: reused, cause: 'none' },
  // The server's close_notify comes for a socket that is closed: a RST, and no TIME_WAIT.
  'tls-agent-closed': { securePort: 9444, only: 'undici', kernel: closedTraceless, cause: 'client_per_request' },
  // undici 6 fails an assertion of its own on it.
  h2: {
    securePort: 9445,
    only: 'undici',
    since: 7,
    count: 200,
    kernel: () => ({ opened: 1, established: 1 }),
    cause: 'none',
  },
  websocket: { only: 'undici', kernel: stuck, cause: 'none' },
  'idle-timeout': { only: 'undici', kernel: closedByClient, cause: 'idle_timeout_churn' },
};

export function undiciSituations({ use, major }: UndiciOf): Situation[] {
  const kind = use === 'fetch' ? 'fetch' : 'undici';
  return Object.entries(ROWS)
    .filter(([, { only = kind, since = 0 }]) => only === kind && major >= since)
    .map(([name, { count = 20, kernel, cause, orCause, securePort, isVariety = false }]) => ({
      name,
      count,
      kernel,
      expectedCause: cause,
      isVariety,
      ...(orCause === undefined ? {} : { orCause }),
      ...(securePort === undefined ? {} : { needs: ['openssl'], destination: `10.9.0.3:${securePort}` }),
      programs: (place) => {
        const at = `${securePort === undefined ? 'http' : 'https'}://${place.destination}`;
        const client = node(place, 'undici-client.mjs', [name, at, String(place.count)]);
        const env = { UNDICI: place.undici.use, ...(securePort === undefined ? {} : ANY_CERTIFICATE) };
        return [securePort === undefined ? server(place) : secureServer(place), { ...client, env }];
      },
    }));
}
