import { isSince } from './kernel.ts';
import { Netns, OLD, obstacle } from './netns.ts';
import { A } from './situations/places.ts';

const FIN_WAIT2 = 5;
const TW_TIMER = 3;

/**
 * Whether this kernel's connect() takes over the FIN_WAIT2 of sockets that nobody owns, as it does TIME_WAIT. Those before
 * 6.12 do ("tcp: avoid reusing FIN_WAIT2 …"), unless they have the fix of October 2024: no version tells, so it is tried.
 */
export async function reusesFinWait2(): Promise<boolean> {
  if (isSince([6, 12]) || (await obstacle()) !== false) return false;
  const net = await Netns.open({ sysctls: { ip_local_port_range: '40000 40003', tcp_tw_reuse: 1 } });
  try {
    await net.listen('[::]:8080');
    await net.connect({ to: A, count: 4 });
    await net.hangUp('a', 'fin_wait2');
    await net.until(FIN_WAIT2, 4, { timer: TW_TIMER, maxLeft: OLD });
    return (await net.count(A)).headroom > 0;
  } finally {
    await net.close();
  }
}
