import type { Host, HostFile } from '../agent/model/host.ts';
import { plainText } from '../agent/model/shape.ts';

/**
 * Whether something stirs on the host, felt between ticks: packets received since it started, in all network
 * namespaces, loopback and veth included, and TCP sockets that there are. Keeps its two files open, for to open them
 * would cost more than all the rest.
 */
export class HostStir {
  private packets: HostFile | undefined;
  private sockets: HostFile | undefined;
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** Call in the own network namespace. Throws what node:fs throws, and Error if a file has another format. */
  read(): { readonly packets: number; readonly allocated: number } {
    this.packets ??= this.host.open('net/softnet_stat');
    this.sockets ??= this.host.open('net/sockstat');
    return { packets: parsePackets(this.packets.textNow()), allocated: parseAllocated(this.sockets.textNow()) };
  }

  close(): void {
    this.packets?.close();
    this.sockets?.close();
    this.packets = undefined;
    this.sockets = undefined;
  }
}

/** The first column of one hexadecimal line a CPU (softnet_seq_show, net/core/net-procfs.c); each goes back to 0 at 2^32. */
function parsePackets(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at = text.indexOf('\n', at) + 1) {
    const packets = Number.parseInt(text.slice(at, at + 8), 16);
    if (!(packets >= 0)) {
      throw new Error(`Cannot parse net/softnet_stat: "${plainText(text.slice(at, at + 20))}" has no number`);
    }
    sum += packets;
    if (text.indexOf('\n', at) === -1) break;
  }
  return sum;
}

/** "TCP: inuse 4 orphan 1 tw 9 alloc 606 mem 1" → 606 (sockstat_seq_show, net/ipv4/proc.c) */
function parseAllocated(text: string): number {
  const at = text.indexOf(' alloc ');
  const allocated = at === -1 ? Number.NaN : Number.parseInt(text.slice(at + 7, at + 17), 10);
  if (!(allocated >= 0)) throw new Error('Cannot parse net/sockstat: it has no number behind "alloc"');
  return allocated;
}
