import type { Host } from '../agent/model/host.ts';

/**
 * Packets that the host has received since it started, of all network namespaces, loopback and veth included: the first
 * column of net/softnet_stat, one hexadecimal line a CPU (softnet_seq_show, net/core/net-procfs.c). It goes back to 0 at
 * 2^32 packets a CPU.
 */
export function readPackets(host: Host): number {
  let sum = 0;
  for (const line of host.readText('net/softnet_stat').split('\n')) {
    if (line === '') continue;
    const packets = Number.parseInt(line.slice(0, line.indexOf(' ')), 16);
    if (Number.isNaN(packets)) throw new Error(`Cannot parse net/softnet_stat: "${line.slice(0, 20)}" has no number`);
    sum += packets;
  }
  return sum;
}
