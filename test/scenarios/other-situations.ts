import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { C, NOWHERE, OWN } from '../kernel/situations/places.ts';
import type { KernelExpectation } from './kernel-counts.ts';
import { type NginxOptions, nginxConf } from './nginx.ts';
import { go, node, python, server } from './programs.ts';
import type { Place, Program, Situation } from './situation.ts';

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

const NGINX_AT = '127.0.0.1:9080';
const nginx = (options: Pick<NginxOptions, 'workers' | 'keepalive'>) => (place: Place) => {
  writeFileSync(join(place.folder, 'nginx.conf'), nginxConf({ at: NGINX_AT, upstream: place.destination, ...options }));
  const proxy: Program = {
    name: 'nginx',
    argv: ['nginx', '-p', place.folder, '-c', 'nginx.conf'],
    listensAt: NGINX_AT,
    isClient: true,
  };
  return [server(place), proxy, { ...go('good', NGINX_AT, place), isClient: false }];
};

const NGINX = ['nginx', 'go'];
const closedByClient = (count: number): KernelExpectation => ({ opened: count, timeWait: count });
const stuck = (count: number): KernelExpectation => ({ opened: count, established: count });

/** A pool that is too small: how often it opens one depends on how requests happen to come. */
const often = (count: number) => ({ opened: [count / 10, count], timeWait: [count / 10, count] }) as const;

const SIDECAR_AT = '127.0.0.6:15001';

/** All that does not depend on an undici. */
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
    name: 'nginx without keepalive',
    needs: NGINX,
    count: 200,
    programs: nginx({ workers: 2, keepalive: null }),
    kernel: (count) => ({ opened: count, timeWait: [0, count] }),
    expectedCause: 'connection_per_request',
    orCause: ['keepalive_disabled'],
  },
  {
    name: 'nginx with keepalive',
    needs: NGINX,
    count: 1000,
    programs: nginx({ workers: 32, keepalive: 16 }),
    kernel: () => ({ opened: [1, 100], established: [1, 100] }),
    expectedCause: 'none',
  },
  {
    name: 'nginx keepalive too small',
    needs: NGINX,
    count: 1000,
    programs: nginx({ workers: 1, keepalive: 1 }),
    kernel: (count) => ({ ...often(count), established: [0, 1] }),
    expectedCause: 'idle_pool_too_small',
  },
  {
    // What the program connects to is rewritten: the tables show 10.9.0.4:8080, the packets go to 127.0.0.6:15001.
    name: 'sidecar',
    needs: ['nft', 'python3'],
    count: 100,
    destination: C,
    nft: [
      'table ip mesh {',
      '  chain output {',
      '    type nat hook output priority -100',
      `    ip daddr 10.9.0.4 tcp dport 8080 dnat to ${SIDECAR_AT}`,
      '  }',
      '}',
    ],
    programs: (place) => {
      const proxy = node(place, 'sidecar.mjs', [SIDECAR_AT, '10.9.0.3:8080']);
      return [server(place), { ...proxy, awaits: 'ready', isClient: false }, python('urllib', place)];
    },
    kernel: (count) => ({ opened: count, timeWait: [0, count] }),
    expectedCause: 'connection_per_request',
    orCause: ['keepalive_disabled', 'server_closes'],
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
