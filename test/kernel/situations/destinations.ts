import type { Situation } from '../situation.ts';
import {
  A,
  A6,
  A81,
  B,
  B6,
  C,
  HERE,
  LOOPBACK,
  listenAtHome,
  loseWhatGoesTo,
  NOWHERE,
  OTHER,
  OTHER6,
} from './places.ts';

const ESTABLISHED = 1;
const FIN_WAIT1 = 4;
const SYN_SENT = 2;
const CLOSE_WAIT = 8;
const LAST_ACK = 9;
const CLOSING = 11;

/** Ports run out per destination: whose they are, in each family and each state of the living. */
export const DESTINATIONS: readonly Situation[] = [
  {
    name: 'an empty range is all headroom, in both families',
    answers: [
      { to: A, headroom: 100, fast: 50, knowable: 'exact', shows: { local: HERE, usedPorts: 0, usablePorts: 100 } },
      { to: A6, headroom: 100, fast: 50, knowable: 'exact', shows: { local: 'fd09::1', usedPorts: 0 } },
    ],
  },
  {
    name: 'ports are spent per destination: other servers and other local addresses have all of theirs',
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.connect({ to: A, count: 5, from: OTHER });
    },
    answers: [
      {
        to: A,
        headroom: 70,
        fast: 20,
        knowable: 'exact',
        shows: { usedPorts: 30, states: { established: 30 } },
      },
      { to: B, headroom: 100, fast: 50, knowable: 'exact' },
      { to: A, from: OTHER, headroom: 95, fast: 45, knowable: 'exact', shows: { usedPorts: 5 } },
    ],
  },
  {
    name: 'IPv6 connections hold ports of their destination only',
    build: async (net) => {
      await net.connect({ to: A6, count: 30 });
      await net.connect({ to: A6, count: 12, from: OTHER6 });
    },
    answers: [
      { to: A6, headroom: 70, fast: 20, knowable: 'exact', shows: { usedPorts: 30 } },
      { to: A6, from: OTHER6, headroom: 88, fast: 38, knowable: 'exact', shows: { usedPorts: 12 } },
      { to: B6, headroom: 100, fast: 50, knowable: 'exact' },
      { to: A, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'IPv4-mapped sockets hold IPv4 ports',
    build: async (net) => {
      await net.connect({ to: A, count: 25, mapped: true });
    },
    answers: [
      { to: A, headroom: 75, fast: 25, knowable: 'exact', low: 75, shows: { usedPorts: 25 } },
      { to: B, mapped: true, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'IPv4, mapped and IPv6 sockets side by side',
    build: async (net) => {
      await net.connect({ to: A, count: 10 });
      await net.connect({ to: A, count: 15, mapped: true });
      await net.connect({ to: A6, count: 20 });
    },
    answers: [
      { to: A, headroom: 75, fast: 25, knowable: 'exact' },
      { to: A6, headroom: 80, fast: 30, knowable: 'exact' },
    ],
  },
  {
    name: 'link-local addresses, of which the tables of /proc keep no zone',
    build: async (net) => {
      await net.connect({ to: '[fe80::2%v0]:8080', count: 30 });
    },
    answers: [
      {
        to: '[fe80::2%v0]:8080',
        headroom: 70,
        fast: 20,
        knowable: 'exact',
        shows: { local: 'fe80::1', usedPorts: 30 },
      },
    ],
  },
  {
    name: 'two ports of one server are two destinations',
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.connect({ to: A81, count: 40 });
    },
    answers: [
      { to: A, headroom: 70, fast: 20, knowable: 'exact' },
      { to: A81, headroom: 60, fast: 10, knowable: 'exact' },
    ],
  },
  {
    name: 'two destinations share the same local ports',
    build: async (net) => {
      const ofA = await net.connect({ to: A, count: 50 });
      const ofB = await net.connect({ to: B, count: 50 });
      if (ofA.toSorted().join() !== ofB.toSorted().join()) throw new Error('they share no ports');
    },
    answers: [
      { to: A, headroom: 50, fast: 0, knowable: 'exact' },
      { to: B, headroom: 50, fast: 0, knowable: 'exact' },
      { to: C, headroom: 100, fast: 50, knowable: 'exact', low: 50, shows: { maybeBlockedPorts: 50 } },
    ],
  },
  {
    name: 'the same destination from several local addresses',
    build: async (net) => {
      await net.connect({ to: A, count: 20 });
      await net.connect({ to: A, count: 30, from: OTHER });
    },
    answers: [
      { to: A, headroom: 80, fast: 30, knowable: 'exact', shows: { usedPorts: 20 } },
      { to: A, from: OTHER, headroom: 70, fast: 20, knowable: 'exact', shows: { usedPorts: 30 } },
    ],
  },
  {
    name: 'past the cliff: the first parity is gone, the second is not',
    build: async (net) => {
      await net.connect({ to: A, count: 60 });
    },
    answers: [
      { to: A, headroom: 40, fast: 0, knowable: 'exact' },
      { to: B, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'exhausted, and past the cliff some of the first parity came back',
    build: async (net) => {
      await net.connect({ to: A, count: 50, name: 'first parity' });
      await net.connect({ to: A, count: 50 });
      await net.connect({ to: B, count: 50, name: 'first parity of B' });
      await net.connect({ to: B, count: 30 });
      await net.hangUp('first parity of B', 'reset', 20);
    },
    answers: [
      { to: A, headroom: 0, fast: 0, knowable: 'exact', shows: { headroomPortsLow: 0, local: HERE } },
      { to: B, headroom: 40, fast: 20, knowable: 'exact' },
    ],
  },
  {
    name: 'connections closed by reset leave nothing',
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.connect({ to: B, count: 30, name: 'b' });
      await net.hangUp('a', 'reset');
      await net.hangUp('b', 'server-reset');
    },
    answers: [
      { to: A, headroom: 100, fast: 50, knowable: 'exact' },
      { to: B, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'SYN_SENT to a host that never answers',
    build: async (net) => {
      await net.connect({ to: NOWHERE, count: 30, pending: true });
      await net.until(SYN_SENT, 30);
    },
    answers: [
      { to: NOWHERE, pending: true, headroom: 70, fast: 20, knowable: 'exact', shows: { states: { syn_sent: 30 } } },
    ],
  },
  {
    name: 'CLOSE_WAIT',
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.hangUp('a', 'server-only');
      await net.until(CLOSE_WAIT, 30);
    },
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'exact', shows: { states: { close_wait: 30 } } }],
  },
  {
    name: 'FIN_WAIT1, CLOSING and LAST_ACK towards a server that hears nothing any more',
    build: async (net) => {
      await net.connect({ to: A, count: 7, name: 'fin_wait1' });
      await net.connect({ to: A, count: 8, name: 'closing' });
      await net.connect({ to: A, count: 9, name: 'last_ack' });
      await net.hangUp('last_ack', 'server-only');
      await net.until(CLOSE_WAIT, 9);
      await loseWhatGoesTo(net, '10.9.0.2');
      await net.hangUp('fin_wait1', 'client-only');
      await net.hangUp('closing', 'client-only');
      await net.drop('closing.peers');
      await net.drop('last_ack');
      await net.until(FIN_WAIT1, 7);
      await net.until(CLOSING, 8);
      await net.until(LAST_ACK, 9);
    },
    answers: [
      {
        to: A,
        pending: true,
        headroom: 76,
        fast: 26,
        knowable: 'exact',
        shows: { states: { fin_wait1: 7, closing: 8, last_ack: 9 } },
      },
    ],
  },
  {
    name: 'a socket connected to itself uses its port for that destination only',
    range: [40000, 40000],
    sysctls: { tcp_fastopen: 1 },
    build: async (net) => {
      await listenAtHome(net);
      await net.connect({ to: '127.0.0.1:40000' });
      await net.sysctl({ ip_local_port_range: '40000 40099' });
      await net.until(ESTABLISHED, 1);
    },
    answers: [
      { to: LOOPBACK, headroom: 100, fast: 50, knowable: 'exact' },
      { to: '127.0.0.1:40000', silent: true, headroom: 99, fast: 49, knowable: 'exact', shows: { usedPorts: 1 } },
    ],
  },
  {
    name: 'a socket bound to a device does not take the four-tuple from those that are not',
    build: async (net) => {
      await net.connect({ to: A, count: 20, device: 'v0' });
    },
    // /proc shows no device: Lastport counts them as used by everybody.
    answers: [{ to: A, headroom: 100, fast: 50, knowable: 'floor', shows: { headroomPorts: 80 } }],
  },
  {
    name: 'one that is not bound to a device takes it from those that are',
    build: async (net) => {
      await net.connect({ to: A, count: 10, name: 'free' });
      await net.connect({ to: A, count: 20, device: 'v0' });
    },
    answers: [{ to: A, device: 'v0', headroom: 70, fast: 20, knowable: 'exact' }],
  },
];
