import { pid } from 'node:process';
import { HostStir } from '../../collectors/host-stir.ts';
import { type Libc, lazyLibc } from '../../collectors/libc.ts';
import { liveConnections } from '../../collectors/live-connections.ts';
import { NetnsEntry, StrandedError } from '../../collectors/netns-entry.ts';
import { netnsInode } from '../../collectors/netns-processes.ts';
import { PortAsker } from '../../collectors/port-ask.ts';
import { SocketHolders } from '../../collectors/proc-fd.ts';
import { NetnsFinder } from '../../collectors/proc-ns-net.ts';
import { readPulse } from '../../collectors/proc-ns-sockstat.ts';
import { Programs, startTimeOf } from '../../collectors/programs.ts';
import { routeHere } from '../../collectors/route-here.ts';
import { SockTrace } from '../../collectors/sock-trace.ts';
import { threadCpu } from '../../collectors/thread-cpu.ts';
import { TraceTaskBook } from '../../collectors/trace-tasks.ts';
import { podNames } from '../../collectors/var-log-containers.ts';
import { monotonic, monotonicOriginMs, realHost, userNames } from '../host.ts';
import type { Host } from '../model/host.ts';
import type { TraceFiles } from '../model/trace-files.ts';
import { realTraceFiles } from '../trace-files.ts';
import { type Reach, Refused } from './reach.ts';
import { type StartedTrace, Tracing } from './tracing.ts';

/** Where asking is for the kernel and not for the process: two that ask at a time must differ. */
const SALT = pid;

/** The real Reach: koffi is loaded when something first needs it. */
export function realReach(
  host: Host,
  { wantsTrace = false, wantsCommandLine = false, podLogs = null as string | null } = {},
  libcOf: () => Libc = lazyLibc(),
): Reach {
  // A copied tree has pods of another host.
  const pods = host.isLive && podLogs !== null ? podNames(realHost(podLogs), monotonic, ownCgroup(host)) : null;
  const finder = new NetnsFinder(host, libcOf, pods);
  const entry = new NetnsEntry(host, libcOf);
  let asker: PortAsker | undefined;
  const stir = new HostStir(host);
  const cpu = threadCpu(host, libcOf, monotonic);
  const programs = new Programs(host, { wantsCommandLine, userName: userNames(), pods });
  const trace = wantsTrace ? new Tracing(() => startTrace(host, programs, libcOf(), cpu), monotonic) : null;
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
    live: (remote, port) => liveConnections(libcOf(), remote, port),
    programOf: (process) => programs.identify(process),
    route: (remote, port) => routeHere(libcOf(), remote, port),
    owners: host.isLive ? new SocketHolders(host, programs, monotonic, cpu) : null,
    cpu,
    trace,
    close: () => {
      trace?.close();
      finder.close();
      stir.close();
      entry.close();
    },
    isFatal: (error) => error instanceof StrandedError,
  };
}

/** null: this process is not among those of `host`. */
function ownCgroup(host: Host): string | null {
  try {
    return host.readText('self/cgroup');
  } catch {
    return null;
  }
}

/** @throws Error saying why there is no trace to be had. */
function startTrace(host: Host, programs: Programs, libc: Libc, cpu: () => number): StartedTrace {
  const files = startableTrace(host);
  const tasks = new TraceTaskBook(host, programs);
  const trace = new SockTrace({
    files,
    libc,
    tasks,
    identity: identityOf(host, pid) ?? String(pid),
    isRunning: (identity) => identityOf(host, Number.parseInt(identity, 10)) === identity,
    monotonic,
    cpu,
    originMs: monotonicOriginMs(),
  });
  return { trace, tasks };
}

/** @throws Error saying why a trace is not even worth trying. */
export function startableTrace(host: Host): TraceFiles {
  if (!host.isLive) throw new Error(`${host.procfs} is not the running kernel's procfs`);
  // The trace names threads by their numbers in the first pid namespace.
  if (host.readLink('self/ns/pid') !== FIRST_PID) throw new Error('it is to be had in the first pid namespace only');
  return realTraceFiles();
}

/** PROC_PID_INIT_INO (include/linux/proc_ns.h) */
const FIRST_PID = 'pid:[4026531836]';

/** "pid-start time"; null: there is no such process. */
function identityOf(host: Host, process: number): string | null {
  const startTime = startTimeOf(host, process);
  return startTime === null ? null : `${process}-${startTime}`;
}
