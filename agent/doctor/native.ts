import { pid } from 'node:process';
import type { Libc } from '../../collectors/libc.ts';
import { NetnsEntry } from '../../collectors/netns-entry.ts';
import { PortAsker } from '../../collectors/port-ask.ts';
import { NetnsFinder } from '../../collectors/proc-ns-net.ts';
import { procSysNetIpv4 } from '../../collectors/proc-sys-net-ipv4.ts';
import { sockDiag } from '../../collectors/sock-diag.ts';
import { startableTrace } from '../look/real-reach.ts';
import type { Host } from '../model/host.ts';
import type { Readings } from '../model/readings.ts';
import type { Sight } from './sight.ts';

/** What the kernel tells beside /proc, each tried once. Never throws; sends no packet where fast open is on. */
export function nativeSights(host: Host, libcOf: () => Libc): readonly Sight[] {
  return [
    attempt(
      'sock_diag',
      'sockets are read from /proc: slower, and bound ones that never connected are not seen',
      () => {
        const readings: Readings = {
          netns: { inode: null, label: '' },
          engine: null,
          wantsBound: true,
          sockets: null,
          interfaces: new Map(),
          ports: null,
          counters: {},
          unlistedSockets: null,
          gaps: [],
        };
        // The range: whether bound sockets are listed is tried beside it.
        procSysNetIpv4().collect(readings, host);
        sockDiag(libcOf).collect(readings, host);
        if (readings.unlistedSockets === 0) return 'answers';
        return {
          found: 'answers, but does not list bound sockets (Linux 6.8 does)',
          costs: 'each socket that no table lists counts as a blocked port in headroomPortsLow',
        };
      },
    ),
    attempt('who chose a port', 'headroom is a range where bind() may have taken ports', () => {
      const port = Number(host.readText('sys/net/ipv4/ip_local_port_range').split(/\s/, 1)[0]);
      new PortAsker(libcOf(), pid).ask(
        [port],
        () => undefined,
        () => false,
      );
      return 'the kernel answers, port by port';
    }),
    attempt('other network namespaces', 'the ports of containers and pods are not watched', () => {
      const finder = new NetnsFinder(host, libcOf);
      const entry = new NetnsEntry(host, libcOf);
      try {
        const others = finder.find().namespaces.filter(({ isOwn }) => !isOwn);
        for (const { path, inode } of others.slice(0, 1)) {
          entry.inside(
            path,
            inode ?? 0,
            () => undefined,
            (error) => error,
          );
        }
        return others.length === 0 ? 'none in sight' : `${others.length}, can be entered`;
      } finally {
        finder.close();
        entry.close();
      }
    }),
    attempt(
      'kernel trace',
      'run --trace: exact rates, owners of the shortest connections, refused connect() calls',
      () => {
        startableTrace(host);
        return 'to be had';
      },
    ),
  ];
}

/** `look` says what it found, or that it is not all, and what that costs. */
function attempt(what: string, costs: string, look: () => string | Pick<Sight, 'found' | 'costs'>): Sight {
  try {
    const found = look();
    return typeof found === 'string' ? { what, seen: 'yes', found, costs: null } : { what, seen: 'partly', ...found };
  } catch (error) {
    return { what, seen: 'no', found: (error as Error).message, costs };
  }
}
