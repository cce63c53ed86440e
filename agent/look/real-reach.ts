import { pid } from 'node:process';
import { HostStir } from '../../collectors/host-stir.ts';
import { type Libc, lazyLibc } from '../../collectors/libc.ts';
import { NetnsEntry, StrandedError } from '../../collectors/netns-entry.ts';
import { netnsInode } from '../../collectors/netns-processes.ts';
import { PortAsker } from '../../collectors/port-ask.ts';
import { SocketHolders } from '../../collectors/proc-fd.ts';
import { NetnsFinder } from '../../collectors/proc-ns-net.ts';
import { readPulse } from '../../collectors/proc-ns-sockstat.ts';
import { Programs } from '../../collectors/programs.ts';
import { routeHere } from '../../collectors/route-here.ts';
import { monotonic } from '../host.ts';
import type { Host } from '../model/host.ts';
import { type Reach, Refused } from './reach.ts';

/** Where asking is for the kernel and not for the process: two that ask at a time must differ. */
const SALT = pid;

/** The real Reach: koffi is loaded when something first needs it. */
export function realReach(host: Host, libcOf: () => Libc = lazyLibc()): Reach {
  const finder = new NetnsFinder(host, libcOf);
  const entry = new NetnsEntry(host, libcOf);
  let asker: PortAsker | undefined;
  const stir = new HostStir(host);
  return {
    find: () => finder.find(),
    inodeOf: (process) => netnsInode(host, `${process}/ns/net`),
    inside: (netns, work) => entry.inside(netns.path, netns.inode ?? 0, work, (error) => new Refused(error)),
    pulse: (directory) => readPulse(host, directory),
    stir: () => stir.read(),
    ask: (ports, note, isLate) => {
      if (!host.isLive) throw new Error(`${host.procfs} is not the running kernel's procfs`);
      asker ??= new PortAsker(libcOf(), SALT);
      return asker.ask(ports, note, isLate);
    },
    route: (remote, port) => routeHere(libcOf(), remote, port),
    owners: host.isLive ? new SocketHolders(host, new Programs(host), monotonic) : null,
    close: () => {
      finder.close();
      stir.close();
      entry.close();
    },
    isFatal: (error) => error instanceof StrandedError,
  };
}
