import { TIME_WAIT } from '../netns.ts';
import type { Situation } from '../situation.ts';
import { A, A6, B, C, LOOPBACK, listenAtHome, loseWhatGoesTo, OTHER, REUSE_AT_ONCE, timeWait } from './places.ts';

const SYN_RECV = 3;
const ESTABLISHED = 1;
const IN = '10.9.0.1:40010';

/** A listener in the client's namespace costs one port, of the first parity if even. */
const listener = (at: string, only6 = false): Pick<Situation, 'build'> => ({
  build: async (net) => {
    await net.listen(at, { where: 'client', only6 });
  },
});

/** Ports that no connect() gets, whatever its destination: their bucket was made by bind(). */
export const BLOCKING: readonly Situation[] = [
  {
    name: 'a listener inside the range',
    ...listener('0.0.0.0:40010'),
    answers: [
      {
        to: A,
        headroom: 99,
        fast: 49,
        knowable: 'exact',
        shows: { blockedPorts: 1, usedPorts: 0, maybeBlockedPorts: 0 },
      },
      { to: A6, headroom: 99, fast: 49, knowable: 'exact', shows: { blockedPorts: 1 } },
    ],
  },
  {
    name: 'a listener on a port of the second parity',
    ...listener('0.0.0.0:40011'),
    answers: [{ to: A, headroom: 99, fast: 50, knowable: 'exact' }],
  },
  {
    name: 'an IPv6 wildcard listener blocks IPv4 too',
    ...listener('[::]:40010'),
    answers: [
      { to: A, headroom: 99, fast: 49, knowable: 'exact' },
      { to: A6, headroom: 99, fast: 49, knowable: 'exact' },
    ],
  },
  {
    name: 'even an IPv6-only listener blocks IPv4',
    ...listener('[::]:40010', true),
    answers: [{ to: A, headroom: 99, fast: 49, knowable: 'exact' }],
  },
  {
    name: 'a listener on another address, or on loopback only',
    build: async (net) => {
      await net.listen(`${OTHER}:40010`, { where: 'client' });
      await net.listen('[::1]:40012', { where: 'client' });
    },
    answers: [{ to: A, headroom: 98, fast: 48, knowable: 'exact', shows: { blockedPorts: 2 } }],
  },
  {
    name: 'two listeners on one port block it once; one outside the range or on a reserved port blocks nothing',
    sysctls: { ip_local_reserved_ports: '40020' },
    build: async (net) => {
      await net.listen('10.9.0.1:40010', { where: 'client' });
      await net.listen(`${OTHER}:40010`, { where: 'client' });
      await net.listen('10.9.0.1:40020', { where: 'client' });
      await net.listen('10.9.0.1:50000', { where: 'client' });
    },
    answers: [{ to: A, headroom: 98, fast: 48, knowable: 'exact', shows: { blockedPorts: 1, usablePorts: 99 } }],
  },
  {
    name: 'a listener on a port that a connection already uses',
    build: async (net) => {
      const [port] = await net.connect({ to: A, count: 10 });
      await net.listen(`${OTHER}:${port}`, { where: 'client' });
    },
    answers: [
      { to: A, headroom: 90, fast: 40, knowable: 'exact' },
      { to: B, headroom: 99, fast: 49, knowable: 'exact' },
    ],
  },
  {
    name: 'connections accepted inside the range add nothing to their listener',
    build: async (net) => {
      await net.listen('[::]:40010', { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 20, name: 'c' });
      await net.connect({ where: 'server', to: '[fd09::1]:40010', count: 20, name: 'c6' });
      await net.accepted('in', 40, 'accepted');
      // From a port that is asked for as a destination, below: still inbound.
      await net.connect({ where: 'server', to: IN, from: '10.9.0.2', bind: 'port', ports: [8099], name: 'c' });
    },
    answers: [
      { to: A, headroom: 99, fast: 49, knowable: 'exact', shows: { blockedPorts: 1, maybeBlockedPorts: 0 } },
      { to: '10.9.0.2:8099', silent: true, headroom: 99, fast: 49, knowable: 'exact', shows: { usedPorts: 0 } },
    ],
  },
  {
    name: 'connections accepted inside the range that this side closed',
    build: async (net) => {
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 20, name: 'c' });
      await net.accepted('in', 20, 'accepted');
      await net.drop('accepted');
      await net.drop('c');
      await net.until(TIME_WAIT, 20);
    },
    answers: [{ to: A, headroom: 99, fast: 49, knowable: 'exact', shows: { maybeBlockedPorts: 0 } }],
  },
  {
    name: 'SYN_RECV on a listener in the range',
    build: async (net) => {
      await net.listen('[::]:40010', { where: 'client' });
      await loseWhatGoesTo(net, '10.9.0.2');
      await net.connect({ where: 'server', to: IN, count: 5, pending: true });
      await net.until(SYN_RECV, 5);
    },
    answers: [{ to: B, headroom: 99, fast: 49, knowable: 'exact', shows: { maybeBlockedPorts: 0 } }],
  },
  {
    name: 'a listener gone while its connections remain: still blocked, and one look cannot tell',
    build: async (net) => {
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      await net.unlisten('in');
    },
    answers: [{ to: A, headroom: 99, fast: 49, knowable: 'band' }],
  },
  {
    name: 'a listener gone while only TIME_WAIT of its connections remain',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      await net.unlisten('in');
      await net.drop('accepted');
      await net.drop('c');
      await net.until(TIME_WAIT, 5);
    },
    answers: [{ to: A, headroom: 99, fast: 49, knowable: 'band' }],
  },
  {
    name: 'a listener gone and its last connection too: the port is back',
    build: async (net) => {
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      await net.unlisten('in');
      await net.drop('c');
      await net.drop('accepted');
      await net.until(ESTABLISHED, 0);
    },
    answers: [{ to: A, headroom: 100, fast: 50, knowable: 'exact' }],
  },
  {
    name: 'bind(port 0) before connect() takes the port from every destination',
    build: async (net) => {
      await net.connect({ to: B, count: 20, bind: 'port' });
    },
    answers: [
      { to: A, headroom: 80, fast: 50, knowable: 'band', shows: { maybeBlockedPorts: 20, headroomPorts: 100 } },
      { to: B, headroom: 80, fast: 50, knowable: 'exact', shows: { usedPorts: 20 } },
    ],
  },
  {
    name: 'bind(port 0) on another address, and in IPv6',
    build: async (net) => {
      await net.connect({ to: B, count: 10, bind: 'port', from: OTHER });
      await net.connect({ to: A6, count: 10, bind: 'port', name: 'six' });
    },
    answers: [{ to: A, headroom: 80, fast: 50, knowable: 'band' }],
  },
  {
    name: 'bind(port 0) so often that both parities are hit',
    build: async (net) => {
      await net.connect({ to: B, count: 70, bind: 'port' });
    },
    answers: [
      { to: B, headroom: 30, fast: 30, knowable: 'exact', shows: { usedPorts: 70 } },
      { to: A, headroom: 30, fast: 30, knowable: 'band' },
    ],
  },
  {
    name: 'bound and in TIME_WAIT: blocked, and not even tcp_tw_reuse 1 gives it back',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: B, count: 20, bind: 'port' });
    },
    answers: [
      { to: A, headroom: 80, fast: 50, knowable: 'band' },
      { to: B, headroom: 80, fast: 50, knowable: 'band', shows: { usedPorts: 20 } },
    ],
  },
  {
    name: 'bound and in TIME_WAIT without tcp_tw_reuse: of its own destination all is known',
    sysctls: { tcp_tw_reuse: 0 },
    build: async (net) => {
      await timeWait(net, { to: B, count: 20, bind: 'port' });
    },
    answers: [
      { to: B, headroom: 80, fast: 50, knowable: 'exact' },
      { to: A, headroom: 80, fast: 50, knowable: 'band' },
    ],
  },
  {
    name: 'IP_BIND_ADDRESS_NO_PORT: as if it had not bound, live and in TIME_WAIT',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: B, count: 20, bind: 'noport' });
      await net.connect({ to: A, count: 10, bind: 'noport' });
    },
    answers: [
      { to: A, headroom: 90, fast: 40, knowable: 'exact' },
      { to: B, headroom: 100, fast: 50, knowable: 'exact', shows: { reusablePorts: 20 } },
    ],
  },
  {
    name: 'sockets with an IP_LOCAL_PORT_RANGE of their own block nobody and know no parity',
    since: [6, 3],
    build: async (net) => {
      await net.connect({ to: A, count: 20, portRange: [40010, 40029] });
    },
    answers: [
      { to: A, headroom: 80, fast: 40, knowable: 'exact' },
      { to: B, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'a bind() that joins a port which connect() chose blocks it for the others',
    build: async (net) => {
      const ports = await net.connect({ to: A, count: 5 });
      for (const port of ports) await net.bind(`${OTHER}:${port}`, 1, 'joined');
    },
    gap: 'bound',
    answers: [
      { to: A, headroom: 95, fast: 45, knowable: 'exact' },
      { to: B, headroom: 95, fast: 45, knowable: 'band' },
    ],
  },
  {
    name: 'when the last binder has left, the port is free again though the connection lives',
    since: [6, 18],
    build: async (net) => {
      const ports = await net.connect({ to: A, count: 5 });
      for (const port of ports) await net.bind(`${OTHER}:${port}`, 1, 'joined');
      await net.drop('joined');
    },
    answers: [{ to: B, headroom: 100, fast: 50, knowable: 'exact' }],
  },
  {
    name: 'bound and not connected: in no table of /proc, but told of',
    gap: 'bound',
    build: async (net) => {
      await net.bind('0.0.0.0:0', 20, 'bound');
      await net.bind('[::]:0', 5, 'bound');
    },
    answers: [{ to: A, headroom: 75, fast: 50, knowable: 'band' }],
  },
  {
    name: 'bound to given ports, reset by the peer and not yet closed: in no table, but told of',
    gap: 'bound',
    build: async (net) => {
      await net.connect({ to: B, bind: 'port', ports: [40010, 40011, 40012, 40013, 40014, 40015] });
      await net.hangUp('a', 'server-reset');
      await net.until(ESTABLISHED, 0);
    },
    answers: [{ to: A, headroom: 94, fast: 47, knowable: 'band' }],
  },
  {
    name: 'outbound from a port that listens: used or blocked, but counted once',
    build: async (net) => {
      await net.listen(IN, { where: 'client' });
      await net.listen(`${OTHER}:40012`, { where: 'client' });
      await net.connect({ to: A, bind: 'port', ports: [40012], from: '10.9.0.1' });
      await net.connect({ to: A, count: 10 });
    },
    answers: [
      { to: A, headroom: 88, fast: 38, knowable: 'exact' },
      { to: C, headroom: 98, fast: 48, knowable: 'exact' },
    ],
  },
  {
    name: 'a service in the range that talks to itself over loopback',
    build: async (net) => {
      await listenAtHome(net);
      await net.listen('127.0.0.1:40010', { where: 'client' });
      await net.connect({ to: '127.0.0.1:40010', count: 20 });
    },
    answers: [
      { to: '127.0.0.1:40010', headroom: 79, fast: 29, knowable: 'exact', shows: { usedPorts: 20, blockedPorts: 1 } },
      { to: LOOPBACK, headroom: 99, fast: 49, knowable: 'exact' },
    ],
  },
];
