import { KERNEL } from '../kernel.ts';
import type { ConnectRequest, Netns, NetnsSettings } from '../netns.ts';
import { OLD, TIME_WAIT } from '../netns.ts';

/** Servers at the other end of the wire, all listening on 8080 and 8081. */
export const A = '10.9.0.2:8080';
export const A81 = '10.9.0.2:8081';
export const B = '10.9.0.3:8080';
export const C = '10.9.0.4:8080';
export const A6 = '[fd09::2]:8080';
export const B6 = '[fd09::3]:8080';
/** Where packets vanish. */
export const NOWHERE = '10.9.0.66:8080';
/** The client's addresses: what it routes from, and another. */
export const HERE = '10.9.0.1';
export const OTHER = '10.9.0.11';
export const OTHER6 = 'fd09::11';
/** The client's own, once listenAtHome() was called. */
export const LOOPBACK = '127.0.0.1:8080';
export const LOOPBACK6 = '[::1]:8080';
export const OWN = '10.9.0.1:8080';

/** reuse of TIME_WAIT: on from the first moment (from OLD on), and never within a test. */
export const AT_ONCE: NetnsSettings['sysctls'] = KERNEL.hasReuseDelay ? { tcp_tw_reuse_delay: 1 } : {};
export const REUSE_AT_ONCE = { tcp_tw_reuse: 1, ...AT_ONCE };
export const REUSE_LATER = { tcp_tw_reuse: 1, tcp_tw_reuse_delay: 60_000 } as const;

export async function listenAtHome(net: Netns): Promise<void> {
  await net.listen('[::]:8080', { where: 'client', name: 'home' });
}

/** Connections that this side has closed first, and that are OLD by now. */
export async function timeWait(net: Netns, request: ConnectRequest): Promise<number[]> {
  const name = request.name ?? 'closed';
  const ports = await net.connect({ ...request, name });
  await net.hangUp(name, 'client');
  await net.until(TIME_WAIT, ports.length, { to: request.to, maxLeft: OLD });
  return ports;
}

/** From here on, what goes to this server is lost; what comes from it arrives. */
export async function loseWhatGoesTo(net: Netns, address: string): Promise<void> {
  await net.ip([`neigh replace ${address} lladdr 02:00:00:00:00:66 dev v0 nud permanent`]);
}
