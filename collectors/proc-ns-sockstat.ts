import type { Host } from '../agent/model/host.ts';
import type { Pulse } from '../agent/model/readings.ts';

/**
 * The heartbeat of one network namespace, from `directory`/sockstat and sockstat6 (sockstat_seq_show, net/ipv4/proc.c):
 * two small files that cost some 25 µs however many sockets there are. Without IPv6 there is no sockstat6.
 *
 * @param directory "net" for the calling thread's namespace, "<pid>/net" for that of a process.
 * @throws Error if sockstat cannot be read or has no TCP line.
 */
export function readPulse(host: Host, directory: string): Pulse {
  const path = `${directory}/sockstat`;
  const tcp = /^TCP: inuse (\d{1,10}) orphan \d{1,10} tw (\d{1,10}) alloc (\d{1,10}) /m.exec(host.readText(path));
  if (tcp === null) throw new Error(`Cannot parse ${path}: it has no "TCP: inuse … orphan … tw … alloc"`);
  const [, inUse, timeWait, allocated] = tcp.map(Number);
  return { inUse: inUse! + inUse6(host, `${directory}/sockstat6`), timeWait: timeWait!, allocated: allocated! };
}

function inUse6(host: Host, path: string): number {
  try {
    return Number(/^TCP6: inuse (\d{1,10})$/m.exec(host.readText(path))?.[1] ?? 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return 0;
  }
}
