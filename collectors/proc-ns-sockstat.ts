import type { Gap } from '../agent/model/gap.ts';
import type { Host } from '../agent/model/host.ts';
import type { Collector } from '../agent/model/readings.ts';
import { parseSockstat } from './proc-net-counters.ts';

/** Looks for which the count of other namespaces is good enough: walking all processes costs 2 ms where there are 500. */
const LOOKS_BETWEEN_WALKS = 10;

/**
 * How many sockets no table of /proc shows. Sockets that are bound to a port but neither connected nor listening block
 * that port for every connect(), and are in neither net/tcp nor net/tcp6. They can be bounded, though: `alloc` of
 * net/sockstat counts every TCP socket of the host, `inuse` those in the tables of one namespace (sockstat_seq_show,
 * net/ipv4/proc.c). What is left of `alloc` after subtracting `inuse` of every namespace is an upper bound; it also holds
 * sockets that have no port at all, and those of namespaces that may not be looked at.
 */
export function procNsSockstat(): Collector {
  let elsewhere = 0;
  let unexplainedThen = 0;
  let walkedLooksAgo = Number.POSITIVE_INFINITY;
  return {
    name: 'proc-ns-sockstat',
    costs: 'sockets that are bound and not connected cannot be bounded: headroomPortsLow is 0',
    collect(readings, host) {
      const own = parseSockstat('net/sockstat', host.readText('net/sockstat')).get('TCP');
      const allocated = own?.get('alloc');
      if (allocated === undefined) throw new Error('Cannot parse net/sockstat: it has no "TCP: … alloc"');
      const unexplained = allocated - inUse(host, 'net');
      walkedLooksAgo++;
      // Where sockets have gone, those may have been the others': their old count would hide what is ours.
      const old = walkedLooksAgo >= LOOKS_BETWEEN_WALKS || unexplained < unexplainedThen;
      if (unexplained > 0 && old) {
        elsewhere = inUseElsewhere(host);
        unexplainedThen = unexplained;
        walkedLooksAgo = 0;
      }
      readings.unlistedSockets = Math.max(0, unexplained - elsewhere);
      if (readings.unlistedSockets > 0) readings.gaps.push(gap(readings.unlistedSockets));
    },
  };
}

/** Sockets in the tables of one namespace, both families. Without IPv6 there is no net/sockstat6. */
function inUse(host: Host, directory: string): number {
  const of = (path: string, section: string) =>
    parseSockstat(path, host.readText(path)).get(section)?.get('inuse') ?? 0;
  let sum = of(`${directory}/sockstat`, 'TCP');
  try {
    sum += of(`${directory}/sockstat6`, 'TCP6');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return sum;
}

/** The same for every other namespace that a process lives in, each once. What may not be looked at counts as 0. */
function inUseElsewhere(host: Host): number {
  let sum = 0;
  try {
    const seen = new Set([host.readLink('self/ns/net')]);
    for (const pid of host.list('.').filter((name) => /^\d+$/.test(name))) {
      try {
        const netns = host.readLink(`${pid}/ns/net`);
        if (seen.has(netns)) continue;
        seen.add(netns);
        sum += inUse(host, `${pid}/net`);
      } catch (error) {
        if (!isBeyondUs(error)) throw error;
      }
    }
  } catch (error) {
    if (!isBeyondUs(error)) throw error;
  }
  return sum;
}

/** Another user's process, or one that has just ended: the bound is looser, and still a bound. */
function isBeyondUs(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENOENT', 'ESRCH', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function gap(count: number): Gap {
  return {
    source: 'proc-ns-sockstat',
    what: 'sockets that are bound to a port but not connected',
    why: `/proc/net/tcp does not list them, and at most ${count} of this host's sockets are of that kind`,
    costs: 'each may block a port: headroomPortsLow counts them as if they did',
  };
}
