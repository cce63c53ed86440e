import { NOWHERE, OWN } from '../kernel/situations/places.ts';
import { type KernelExpectation, often } from './kernel-counts.ts';
import { go, node, python, server } from './programs.ts';
import type { Place, Situation } from './situation.ts';

const http = (situation: string) => (place: Place) => [
  server(place),
  node(place, 'http-client.mjs', [situation, `http://${place.destination}`, String(place.count)]),
];
const ofGo = (mode: string, rate: number) => (place: Place) => [
  server(place),
  { ...go(mode, place.destination, place), env: { RATE: String(rate) } },
];
const ofPython = (mode: string) => (place: Place) => [server(place), python(mode, place)];
const leak = (who: string) => (place: Place) => [
  server(place),
  node(place, 'leak.mjs', [who, place.destination, String(place.count)]),
];

const closedByClient = (count: number): KernelExpectation => ({ opened: count, timeWait: count });
const stuck = (count: number): KernelExpectation => ({ opened: count, established: count });

/** All that depends neither on an undici nor on a proxy. */
export const OTHER_SITUATIONS: readonly Situation[] = [
  {
    name: 'node:http keep-alive',
    count: 200,
    programs: http('keep-alive'),
    kernel: () => ({ opened: [1, 8], established: [1, 8] }),
    expectedCause: 'none',
  },
  {
    name: 'node:http without keep-alive',
    count: 100,
    programs: http('no-keep-alive'),
    kernel: (count) => ({ opened: count, timeWait: [0, count] }),
    expectedCause: 'keepalive_disabled',
  },
  {
    name: 'node:http maxFreeSockets too small',
    count: 300,
    programs: http('few-free'),
    kernel: (count) => ({ ...often(count), established: [0, 1] }),
    expectedCause: 'idle_pool_too_small',
    // Where the machine is slow, all of them are under way at once.
    orCause: ['no_connection_limit'],
  },
  {
    name: 'node:http burst',
    count: 300,
    programs: http('burst'),
    kernel: stuck,
    expectedCause: 'no_connection_limit',
  },
  {
    name: 'node:http burst limited',
    count: 300,
    programs: http('burst-limited'),
    kernel: () => ({ opened: 50, established: 50 }),
    expectedCause: 'none',
  },
  { name: 'node:http unread', count: 20, programs: http('unread'), kernel: stuck, expectedCause: 'leaked_body' },
  {
    name: 'node:http destroyed',
    count: 20,
    programs: http('destroyed'),
    kernel: (count) => ({ opened: count }),
    expectedCause: 'unread_body',
  },
  {
    name: 'node:http agent per request',
    count: 20,
    programs: http('agent-each'),
    kernel: stuck,
    expectedCause: 'client_per_request',
  },
  {
    name: 'node:http timeout',
    count: 20,
    programs: http('timeout'),
    kernel: closedByClient,
    expectedCause: 'aborted_requests',
  },
  {
    name: 'Go default',
    needs: ['go'],
    count: 1000,
    programs: ofGo('default', 1000),
    kernel: (count) => ({ ...often(count), established: [0, 2] }),
    expectedCause: 'idle_pool_too_small',
  },
  {
    name: 'Go unread',
    needs: ['go'],
    count: 100,
    programs: ofGo('unread', 200),
    kernel: (count) => ({ opened: count, timeWait: [0, count] }),
    expectedCause: 'unread_body',
    orCause: ['connection_per_request'],
  },
  {
    name: 'Go good',
    needs: ['go'],
    count: 1000,
    programs: ofGo('good', 1000),
    kernel: () => ({ opened: [1, 64], established: [1, 64] }),
    expectedCause: 'none',
  },
  {
    name: 'Python urllib',
    needs: ['python3'],
    count: 100,
    programs: ofPython('urllib'),
    kernel: (count) => ({ opened: count, timeWait: [0, count] }),
    expectedCause: 'connection_per_request',
    orCause: ['keepalive_disabled', 'server_closes'],
  },
  {
    name: 'Python session',
    needs: ['python3'],
    count: 100,
    programs: ofPython('session'),
    kernel: () => ({ opened: 1, established: 1 }),
    expectedCause: 'none',
  },
  {
    name: 'Python bound',
    needs: ['python3'],
    count: 100,
    programs: ofPython('bound'),
    kernel: closedByClient,
    expectedCause: 'bind_before_connect',
  },
  {
    name: 'WebSocket server',
    count: 50,
    destination: OWN,
    programs: (place) => {
      const [host, port = ''] = place.destination.split(':');
      return [
        { ...node(place, 'websocket-server.mjs', [port]), awaits: 'ready' },
        {
          ...node(place, 'websocket-client.mjs', [`http://${host}:${port}`, String(place.count)]),
          where: 'server',
          isClient: false,
        },
      ];
    },
    // It holds no port of its own side: its rows are inbound.
    kernel: () => ({ opened: 0 }),
    expectedCause: 'none',
  },
  {
    name: 'WebSocket clients',
    count: 50,
    programs: (place) => [
      server(place),
      node(place, 'websocket-client.mjs', [`http://${place.destination}`, String(place.count)]),
    ],
    kernel: stuck,
    expectedCause: 'none',
  },
  { name: 'leak', count: 100, programs: leak('nobody'), kernel: stuck, expectedCause: 'connection_leak' },
  {
    name: 'leak of connections that the server has closed',
    count: 100,
    programs: leak('server'),
    kernel: (count) => ({ opened: count, closeWait: count }),
    expectedCause: 'close_wait_leak',
  },
  {
    name: 'dead destination',
    count: 50,
    destination: NOWHERE,
    programs: (place) => [node(place, 'dead.mjs', [place.destination, String(place.count)])],
    kernel: (count) => ({ opened: 0, synSent: count }),
    expectedCause: 'slow_or_dead_destination',
  },
];
