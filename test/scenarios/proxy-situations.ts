import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { C } from '../kernel/situations/places.ts';
import { often } from './kernel-counts.ts';
import { type NginxOptions, nginxConf } from './nginx.ts';
import { go, node, python, server } from './programs.ts';
import type { Place, Program, Situation } from './situation.ts';

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
const SIDECAR_AT = '127.0.0.6:15001';

/** Who holds the ports is a proxy, or there is one in between. */
export const PROXY_SITUATIONS: readonly Situation[] = [
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
];
