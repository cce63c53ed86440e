import { type Netns, TIME_WAIT } from '../netns.ts';
import type { PoolSituation } from '../pool-situation.ts';
import { A, A6, B, HERE, OTHER, OTHER6, REUSE_AT_ONCE, timeWait } from './places.ts';

const HERE6 = 'fd09::1';
const IN = `${HERE}:40010`;

/** Twenty programs' worth of binders, so that it is known that somebody binds here. */
const bindsHere = async (net: Netns, count = 20, to = A) => {
  await net.connect({ to, count, bind: 'port', from: HERE, name: 'binders' });
};

/** What takes a port from bind(port 0), and what does not, found by hand (net/ipv4/inet_connection_sock.c). */
export const POOLS: readonly PoolSituation[] = [
  {
    name: 'bound and connected: of its own address only',
    build: (net) => bindsHere(net),
    pools: [{ at: HERE, headroom: 80, second: 30 }],
    binds: [{ at: OTHER, headroom: 100, second: 50 }],
  },
  {
    name: 'past the second parity bind() goes on with the first',
    build: (net) => bindsHere(net, 70),
    pools: [{ at: HERE, headroom: 30, second: 0, isAskedFor: true }],
  },
  {
    name: 'bound to any address, and connected: of the address it connects from',
    build: async (net) => {
      await net.connect({ to: A, count: 20, bind: 'port' });
    },
    pools: [{ at: HERE, headroom: 80, second: 30, bindsTo: 'unknown' }],
    binds: [
      { at: '0.0.0.0', headroom: 80, second: 30 },
      { at: OTHER, headroom: 100, second: 50 },
    ],
  },
  {
    name: 'connect() takes from the same pool, whatever the destination',
    build: async (net) => {
      await bindsHere(net);
      await net.connect({ to: A, count: 10 });
      await net.connect({ to: B, count: 10, name: 'b' });
    },
    // Two destinations may share ports, so that it is only the kernel that knows how many are left.
    pools: [{ at: HERE, second: 30 }],
  },
  {
    name: 'connect() from another address takes nothing from a bind here, but from one to any address',
    build: async (net) => {
      await bindsHere(net);
      await net.connect({ to: A, count: 15, from: OTHER });
    },
    pools: [{ at: HERE, headroom: 80, second: 30, any: 65 }],
    binds: [{ at: '0.0.0.0', headroom: 65, second: 30 }],
  },
  {
    name: 'who binds here shares ports with who binds elsewhere: both are known to bind to their own address',
    build: async (net) => {
      await net.connect({ to: A, count: 45, bind: 'port', from: HERE, name: 'here' });
      await net.connect({ to: A, count: 40, bind: 'port', from: OTHER, name: 'other' });
    },
    pools: [
      { at: HERE, headroom: 55, second: 5, bindsTo: 'local' },
      { at: OTHER, headroom: 60, second: 10, bindsTo: 'local' },
    ],
  },
  {
    name: 'TIME_WAIT of bind() and of connect(), which no tcp_tw_reuse gives back',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: A, count: 20, bind: 'port', from: HERE, name: 'bound' });
      await net.connect({ to: B, count: 10, name: 'chosen' });
      await net.hangUp('chosen', 'client');
      await net.until(TIME_WAIT, 10, { to: B });
    },
    pools: [{ at: HERE, headroom: 70, second: 30 }],
  },
  {
    name: 'what the peer has closed, and this side not yet',
    build: async (net) => {
      await bindsHere(net, 30);
      await net.hangUp('binders', 'server-only', 10);
      await net.hangUp('binders', 'server', 10);
    },
    pools: [{ at: HERE, headroom: 80, second: 30 }],
  },
  {
    name: 'listeners inside the range: at this address and at any, not at another',
    build: async (net) => {
      await bindsHere(net);
      await net.listen(`${HERE}:40000`, { where: 'client' });
      await net.listen(`${OTHER}:40002`, { where: 'client' });
      await net.listen('0.0.0.0:40004', { where: 'client' });
      await net.listen('[::]:40006', { where: 'client' });
      await net.listen('[::1]:40008', { where: 'client' });
    },
    pools: [{ at: HERE, headroom: 77, second: 30, any: 76 }],
  },
  {
    name: 'connections accepted inside the range are of their listener',
    build: async (net) => {
      await bindsHere(net);
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 20, name: 'c' });
      await net.accepted('in', 20, 'accepted');
    },
    pools: [{ at: HERE, headroom: 79, second: 30 }],
  },
  {
    name: 'accepted connections whose listener has gone',
    build: async (net) => {
      await bindsHere(net);
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      await net.unlisten('in');
    },
    pools: [{ at: HERE, headroom: 79, second: 30 }],
  },
  {
    name: 'bound and not connected, here, elsewhere and at any address: sock_diag tells, /proc does not',
    unlisted: true,
    build: async (net) => {
      await bindsHere(net);
      await net.bind(`${HERE}:0`, 5, 'idle here');
      await net.bind(`${OTHER}:0`, 6, 'idle elsewhere');
      await net.bind('0.0.0.0:0', 7, 'idle anywhere');
    },
    pools: [
      { at: HERE, headroom: 68, second: 18 },
      { at: OTHER, headroom: 87, second: 37, isHidden: true },
    ],
  },
  {
    name: 'a bind() that joins a port of connect(): nothing tells whose it was, so there is no pool',
    build: async (net) => {
      const ports = await net.connect({ to: A, count: 5 });
      for (const port of ports) await net.bind(`${OTHER}:${port}`, 1, 'joined');
    },
    pools: [],
  },
  {
    name: 'IP_BIND_ADDRESS_NO_PORT is no bind, but takes its port as every connect() does',
    build: async (net) => {
      await bindsHere(net);
      await net.connect({ to: B, count: 10, bind: 'noport', from: HERE, name: 'noport' });
    },
    pools: [{ at: HERE, headroom: 70, second: 30 }],
  },
  {
    name: 'SO_REUSEADDR changes the order and not the number',
    build: (net) => bindsHere(net),
    pools: [{ at: HERE, headroom: 80, reuseAddress: true }],
  },
  {
    name: 'SO_REUSEPORT changes nothing',
    build: (net) => bindsHere(net),
    pools: [{ at: HERE, headroom: 80, second: 30, reusePort: true }],
  },
  {
    name: 'with ip_autobind_reuse and SO_REUSEADDR there is no end: what is told is a floor',
    sysctls: { ip_autobind_reuse: 1 },
    build: (net) => bindsHere(net),
    pools: [{ at: HERE, headroom: 80, reuseAddress: true, isFloor: true }],
  },
  {
    name: 'IPv6 has pools of its own, mapped addresses are IPv4',
    build: async (net) => {
      await net.connect({ to: A6, count: 20, bind: 'port', from: HERE6, name: 'six' });
      await net.connect({ to: A, count: 30, bind: 'port', mapped: true, from: HERE, name: 'mapped' });
    },
    pools: [
      { at: HERE6, headroom: 80, second: 30 },
      { at: HERE, headroom: 70, second: 20 },
    ],
    binds: [{ at: OTHER6, headroom: 100, second: 50 }],
  },
  {
    name: 'reserved ports are nobody’s',
    sysctls: { ip_local_reserved_ports: '40001,40003,40005-40010' },
    build: (net) => bindsHere(net),
    pools: [{ at: HERE, headroom: 72, second: 25 }],
  },
  {
    name: 'ports outside the range cost nothing, given ports inside do',
    build: async (net) => {
      await bindsHere(net);
      await net.connect({ to: B, bind: 'port', ports: [30001, 30003, 40000, 40002], from: HERE, name: 'given' });
    },
    pools: [{ at: HERE, headroom: 78, second: 30 }],
  },
  {
    name: 'an odd-sized range: one port may be out of reach',
    range: [40000, 40100],
    build: (net) => bindsHere(net),
    pools: [{ at: HERE, headroom: 81, second: 30 }],
  },
  {
    name: 'nothing left',
    build: (net) => bindsHere(net, 100),
    pools: [{ at: HERE, headroom: 0, second: 0, isAskedFor: true }],
  },
  {
    name: 'nobody binds: there is no pool, past the cliff neither',
    build: async (net) => {
      await net.connect({ to: A, count: 80 });
      await net.connect({ to: B, count: 20, from: OTHER });
    },
    pools: [],
  },
];
