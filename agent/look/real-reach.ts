import { pid } from 'node:process';
import { type Libc, lazyLibc } from '../../collectors/libc.ts';
import { NetnsEntry, StrandedError } from '../../collectors/netns-entry.ts';
import { PortAsker } from '../../collectors/port-ask.ts';
import { readPackets } from '../../collectors/proc-net-softnet.ts';
import { NetnsFinder, netnsInode } from '../../collectors/proc-ns-net.ts';
import { readAllocated, readPulse } from '../../collectors/proc-ns-sockstat.ts';
import { routeHere } from '../../collectors/route-here.ts';
import type { Host } from '../model/host.ts';
import { type Reach, Refused } from './reach.ts';

/** Where asking is for the kernel and not for the process: two that ask at a time must differ. */
const SALT = pid;

/** The real Reach: koffi is loaded when something first needs it. */
export function realReach(host: Host, libcOf: () => Libc = lazyLibc()): Reach {
  const finder = new NetnsFinder(host, libcOf);
  const entry = new NetnsEntry(host, libcOf);
  let asker: PortAsker | undefined;
  const stir = { packets: 0, allocated: 0 };
  return {
    find: () => finder.find(),
    inodeOf: (process) => netnsInode(host, `${process}/ns/net`),
    inside: (netns, work) => entry.inside(netns.path, netns.inode ?? 0, work, (error) => new Refused(error)),
    pulse: (directory) => readPulse(host, directory),
    stir: () => {
      stir.packets = readPackets(host);
      stir.allocated = readAllocated(host);
      return stir;
    },
    ask: (ports, note, isLate) => {
      if (!host.isLive) throw new Error(`${host.procfs} is not the running kernel's procfs`);
      asker ??= new PortAsker(libcOf(), SALT);
      return asker.ask(ports, note, isLate);
    },
    route: (remote, port) => routeHere(libcOf(), remote, port),
    close: () => {
      finder.close();
      entry.close();
    },
    isFatal: (error) => error instanceof StrandedError,
  };
}
