import { reusesFinWait2 } from '../fin-wait2.ts';
import { OLD, TIME_WAIT } from '../netns.ts';
import type { Situation } from '../situation.ts';
import {
  A,
  A6,
  AT_ONCE,
  B,
  LOOPBACK,
  LOOPBACK6,
  listenAtHome,
  OWN,
  REUSE_AT_ONCE,
  REUSE_LATER,
  timeWait,
} from './places.ts';

const IS_REUSED = await reusesFinWait2();
const ESTABLISHED = 1;
const FIN_WAIT2 = 5;
/** The timer's kind of a TIME_WAIT, and of what is kept of a FIN_WAIT2 whose owner has closed. */
const TW_TIMER = 3;
const LOOPBACK_AT_ONCE = { tcp_tw_reuse: 2, ...AT_ONCE };

/** 30 connections, closed by this side first. */
const closed = (to: string, mapped = false): Pick<Situation, 'build'> => ({
  build: async (net) => {
    await listenAtHome(net);
    await timeWait(net, { to, count: 30, mapped });
  },
});

/** What connections leave behind, and what of it connect() takes over. */
export const CLOSING: readonly Situation[] = [
  {
    name: 'tcp_tw_reuse 0: TIME_WAIT holds its port',
    sysctls: { tcp_tw_reuse: 0, ...AT_ONCE },
    ...closed(A),
    answers: [
      {
        to: A,
        headroom: 70,
        fast: 20,
        knowable: 'exact',
        shows: { usedPorts: 30, reusablePorts: 0, states: { time_wait: 30 } },
      },
      { to: B, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'tcp_tw_reuse 1: an old TIME_WAIT is taken over',
    sysctls: REUSE_AT_ONCE,
    ...closed(A),
    answers: [
      {
        to: A,
        headroom: 100,
        fast: 50,
        knowable: 'exact',
        low: 70,
        shows: { usedPorts: 30, reusablePorts: 30 },
      },
    ],
  },
  {
    name: 'tcp_tw_reuse 1: a young TIME_WAIT is not',
    sysctls: REUSE_LATER,
    ...closed(A),
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'exact', shows: { reusablePorts: 0 } }],
  },
  {
    name: 'tcp_tw_reuse 1: old and young ones side by side',
    sysctls: { tcp_tw_reuse: 1, tcp_tw_reuse_delay: 2000 },
    build: async (net) => {
      await timeWait(net, { to: A, count: 30 });
      await net.until(TIME_WAIT, 30, { maxLeft: 6000 - 210 });
      await net.connect({ to: A, count: 50, name: 'young' });
      await net.hangUp('young', 'client');
      // They are to be young still when a slow machine looks.
      await net.sysctl({ tcp_tw_reuse_delay: 60_000 });
    },
    // 30 of the 50 took over the old ones.
    answers: [{ to: A, headroom: 50, fast: 0, knowable: 'exact', shows: { usedPorts: 50, reusablePorts: 0 } }],
  },
  {
    name: 'tcp_tw_reuse 1: IPv6, mapped and live ones',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: A6, count: 30 });
      await timeWait(net, { to: A, count: 20, mapped: true, name: 'mapped' });
      await net.sysctl({ tcp_tw_reuse: 0 });
      await net.connect({ to: A, count: 10 });
      await net.sysctl({ tcp_tw_reuse: 1 });
      await net.until(ESTABLISHED, 10);
    },
    answers: [
      { to: A6, headroom: 100, fast: 50, knowable: 'exact' },
      { to: A, headroom: 90, fast: 40, knowable: 'exact', shows: { usedPorts: 30, reusablePorts: 20 } },
    ],
  },
  {
    name: 'tcp_tw_reuse 1: reusable ports of both parities',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: A, count: 80 });
    },
    answers: [{ to: A, headroom: 100, fast: 50, knowable: 'exact', shows: { usedPorts: 80, reusablePorts: 80 } }],
  },
  {
    name: 'tcp_tw_reuse 2 (the default): not over the wire',
    sysctls: LOOPBACK_AT_ONCE,
    ...closed(A),
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'exact' }],
  },
  {
    name: 'tcp_tw_reuse 2: on 127.0.0.1',
    sysctls: LOOPBACK_AT_ONCE,
    ...closed(LOOPBACK),
    answers: [{ to: LOOPBACK, headroom: 100, fast: 50, knowable: 'exact', shows: { reusablePorts: 30 } }],
  },
  {
    name: 'tcp_tw_reuse 2: on 127.0.0.1 by mapped sockets',
    sysctls: LOOPBACK_AT_ONCE,
    ...closed(LOOPBACK, true),
    answers: [{ to: LOOPBACK, headroom: 100, fast: 50, knowable: 'exact', shows: { reusablePorts: 30 } }],
  },
  {
    name: 'tcp_tw_reuse 2: on ::1',
    sysctls: LOOPBACK_AT_ONCE,
    ...closed(LOOPBACK6),
    answers: [{ to: LOOPBACK6, headroom: 100, fast: 50, knowable: 'exact' }],
  },
  {
    name: 'tcp_tw_reuse 2: one address of 127/8 suffices, here the local one',
    sysctls: LOOPBACK_AT_ONCE,
    build: async (net) => {
      await listenAtHome(net);
      await timeWait(net, { to: OWN, count: 30, from: '127.0.0.5' });
    },
    answers: [{ to: OWN, from: '127.0.0.5', headroom: 100, fast: 50, knowable: 'exact' }],
  },
  {
    name: 'tcp_tw_reuse 2: young ones on 127.0.0.1 are not taken over either',
    sysctls: { tcp_tw_reuse: 2, tcp_tw_reuse_delay: 60_000 },
    ...closed(LOOPBACK),
    answers: [{ to: LOOPBACK, headroom: 70, fast: 20, knowable: 'exact' }],
  },
  {
    name: "tcp_tw_reuse 2: the host's own address is not loopback",
    sysctls: LOOPBACK_AT_ONCE,
    ...closed(OWN),
    answers: [{ to: OWN, headroom: 70, fast: 20, knowable: 'exact' }],
  },
  {
    name: 'tcp_tw_reuse 2: a TIME_WAIT bound to lo, which /proc does not show',
    sysctls: LOOPBACK_AT_ONCE,
    build: async (net) => {
      await listenAtHome(net);
      await net.ip(['address add 10.9.1.1/32 dev lo']);
      await timeWait(net, { to: '10.9.1.1:8080', count: 30, device: 'lo' });
    },
    answers: [
      { to: '10.9.1.1:8080', device: 'lo', headroom: 100, fast: 50, knowable: 'floor', unknowable: 'timestamps' },
    ],
  },
  {
    name: 'this host without timestamps: nothing is reusable',
    sysctls: { ...REUSE_AT_ONCE, tcp_timestamps: 0 },
    ...closed(A),
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'exact' }],
  },
  {
    name: 'a peer without timestamps: nothing is reusable, and nothing tells',
    sysctls: REUSE_AT_ONCE,
    serverSysctls: { tcp_timestamps: 0 },
    ...closed(A),
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'band', unknowable: 'timestamps' }],
  },
  {
    name: 'timestamps were off while the connections lived and are on now',
    sysctls: { ...REUSE_AT_ONCE, tcp_timestamps: 0 },
    build: async (net) => {
      await timeWait(net, { to: A, count: 30 });
      await net.sysctl({ tcp_timestamps: 1 });
    },
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'band', unknowable: 'timestamps' }],
  },
  {
    name: 'timestamps were on while the connections lived and are off now',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: A, count: 30 });
      await net.sysctl({ tcp_timestamps: 0 });
    },
    answers: [{ to: A, headroom: 100, fast: 50, knowable: 'floor', unknowable: 'timestamps' }],
  },
  {
    name: IS_REUSED
      ? 'FIN_WAIT2 that nobody owns: this kernel takes it over, which Lastport does not count on'
      : 'FIN_WAIT2 that nobody owns is not reusable, whatever tcp_tw_reuse says',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.hangUp('a', 'fin_wait2');
      await net.until(FIN_WAIT2, 30, { timer: TW_TIMER, maxLeft: OLD });
    },
    answers: [
      {
        to: A,
        ...(IS_REUSED
          ? ({ headroom: 100, fast: 50, knowable: 'floor' } as const)
          : ({ headroom: 70, fast: 20, knowable: 'exact' } as const)),
        shows: { reusablePorts: 0, states: { fin_wait2: 30 } },
      },
    ],
  },
  {
    name: 'FIN_WAIT2 kept longer than a TIME_WAIT (tcp_fin_timeout 120)',
    sysctls: { ...REUSE_AT_ONCE, tcp_fin_timeout: 120 },
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.hangUp('a', 'client-only');
      await net.until(FIN_WAIT2, 30);
    },
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'exact', shows: { states: { fin_wait2: 30 } } }],
  },
  {
    name: 'FIN_WAIT2 of a half-closed socket, and TIME_WAIT beside it',
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: A, count: 10 });
      await net.sysctl({ tcp_tw_reuse: 0 });
      await net.connect({ to: A, count: 20 });
      await net.hangUp('a', 'half');
      await net.sysctl({ tcp_tw_reuse: 1 });
      await net.until(FIN_WAIT2, 20, { timer: 0 });
    },
    answers: [{ to: A, headroom: 80, fast: 30, knowable: 'exact', shows: { usedPorts: 30, reusablePorts: 10 } }],
  },
  {
    name: 'the server closed first: its TIME_WAIT holds nothing here',
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.hangUp('a', 'server');
      await net.until(TIME_WAIT, 30, { where: 'server' });
      await net.until(ESTABLISHED, 0);
    },
    answers: [{ to: A, headroom: 100, fast: 50, knowable: 'exact', shows: { usedPorts: 0 } }],
  },
  {
    name: 'the server closed first, in the same namespace: its rows are inbound',
    build: async (net) => {
      await listenAtHome(net);
      await net.connect({ to: LOOPBACK, count: 30 });
      await net.hangUp('a', 'server');
      await net.until(TIME_WAIT, 30);
    },
    answers: [{ to: LOOPBACK, headroom: 100, fast: 50, knowable: 'exact', shows: { usedPorts: 0 } }],
  },
  {
    name: 'both ends in the same namespace: one of the two rows is inbound',
    build: async (net) => {
      await listenAtHome(net);
      await net.connect({ to: LOOPBACK, count: 30 });
      await net.connect({ to: LOOPBACK6, count: 20 });
    },
    answers: [
      { to: LOOPBACK, headroom: 70, fast: 20, knowable: 'exact', shows: { usedPorts: 30 } },
      { to: LOOPBACK6, headroom: 80, fast: 30, knowable: 'exact', shows: { usedPorts: 20 } },
    ],
  },
  {
    name: 'a service here that closed first: TIME_WAIT of its port, none of the range',
    build: async (net) => {
      await listenAtHome(net);
      await net.connect({ where: 'server', to: OWN, count: 30, name: 'in' });
      await net.accepted('home', 30, 'accepted');
      await net.drop('accepted');
      await net.drop('in');
      await net.until(TIME_WAIT, 30);
    },
    answers: [
      { to: A, headroom: 100, fast: 50, knowable: 'exact', shows: { maybeBlockedPorts: 0 } },
      { to: LOOPBACK, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'tcp_max_tw_buckets reached: what closes then leaves nothing',
    sysctls: { tcp_max_tw_buckets: 20 },
    build: async (net) => {
      await net.connect({ to: A, count: 60 });
      await net.hangUp('a', 'client');
      await net.until(ESTABLISHED, 0);
      await net.until(TIME_WAIT, 20);
    },
    // Which 20 of the 50 + 10 remain is fixed: the first ones, all of the first parity.
    answers: [{ to: A, headroom: 80, fast: 30, knowable: 'exact', shows: { usedPorts: 20 } }],
  },
];
