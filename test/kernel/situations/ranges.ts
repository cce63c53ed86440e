import type { Situation } from '../situation.ts';
import { A, A6, B, B6, C, OTHER, REUSE_AT_ONCE, timeWait } from './places.ts';

const EVEN = Array.from({ length: 50 }, (_, index) => 40000 + 2 * index);
const ODD = EVEN.map((port) => port + 1);

/** What the range and the reserved list leave, and what odd sizes do. */
export const RANGES: readonly Situation[] = [
  {
    name: 'reserved ports, single and in ranges, inside and outside',
    sysctls: { ip_local_reserved_ports: '1-100,8080,39990-40004,40010,40020-40029,40095-40200,65535' },
    build: async (net) => {
      await net.connect({ to: A, count: 10 });
    },
    // 5 + 1 + 10 + 5 of the range: 3 + 1 + 5 + 2 of them even.
    answers: [
      { to: A, headroom: 69, fast: 29, knowable: 'exact', shows: { usablePorts: 79 } },
      { to: B, headroom: 79, fast: 39, knowable: 'exact' },
    ],
  },
  {
    name: 'reserved ports outside the range cost nothing',
    sysctls: { ip_local_reserved_ports: '39999,40100,50000-50100' },
    answers: [{ to: A, headroom: 100, fast: 50, knowable: 'exact', shows: { usablePorts: 100 } }],
  },
  {
    name: 'the whole first parity reserved: there is no fast port',
    sysctls: { ip_local_reserved_ports: EVEN.join() },
    build: async (net) => {
      await net.connect({ to: A, count: 10 });
    },
    answers: [{ to: A, headroom: 40, fast: 0, knowable: 'exact' }],
  },
  {
    name: 'the whole second parity reserved',
    sysctls: { ip_local_reserved_ports: ODD.join() },
    build: async (net) => {
      await net.connect({ to: A, count: 10 });
    },
    answers: [{ to: A, headroom: 40, fast: 40, knowable: 'exact' }],
  },
  {
    name: 'a reserved list longer than one read() gives by habit: every second port there is',
    sysctls: { ip_local_reserved_ports: Array.from({ length: 32768 }, (_, index) => 2 * index + 1).join() },
    answers: [{ to: A, headroom: 50, fast: 50, knowable: 'exact' }],
  },
  {
    name: 'everything reserved',
    sysctls: { ip_local_reserved_ports: '40000-40099' },
    answers: [{ to: A, headroom: 0, fast: 0, knowable: 'exact', shows: { usablePorts: 0 } }],
  },
  {
    name: 'ports that became reserved while they were used',
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
      await net.sysctl({ ip_local_reserved_ports: EVEN.slice(0, 25).join() });
      await net.connect({ to: B, count: 10 });
    },
    // A holds 30 of the 50 even ports, of which the upper 25 are still usable.
    answers: [{ to: B, headroom: 65, fast: 15, knowable: 'exact', shows: { usablePorts: 75, usedPorts: 10 } }],
  },
  {
    name: 'used ports outside the range cost nothing',
    build: async (net) => {
      await net.connect({ to: A, bind: 'port', ports: [30000, 30001, 40100, 40101, 39999, 50000] });
      await net.connect({ to: A, count: 4 });
    },
    answers: [{ to: A, headroom: 96, fast: 46, knowable: 'exact', shows: { usedPorts: 4, maybeBlockedPorts: 0 } }],
  },
  {
    name: 'the range was moved away from all open sockets',
    build: async (net) => {
      await net.connect({ to: A, count: 60 });
      await net.sysctl({ ip_local_port_range: '41000 41099' });
      await net.connect({ to: A, count: 10 });
    },
    answers: [{ to: A, headroom: 90, fast: 40, knowable: 'exact', shows: { usedPorts: 10 } }],
  },
  {
    name: 'the range was moved by half',
    build: async (net) => {
      await net.connect({ to: A, count: 50 });
      await net.sysctl({ ip_local_port_range: '40050 40149' });
    },
    answers: [
      { to: A, headroom: 75, fast: 25, knowable: 'exact', shows: { usedPorts: 25 } },
      { to: B, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'the range was moved by one: the parities change places',
    build: async (net) => {
      await net.connect({ to: A, count: 50 });
      await net.sysctl({ ip_local_port_range: '40001 40100' });
    },
    answers: [{ to: A, headroom: 51, fast: 50, knowable: 'exact', shows: { usedPorts: 49 } }],
  },
  {
    name: 'a range that starts odd prefers odd ports',
    range: [40001, 40100],
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
    },
    answers: [{ to: A, headroom: 70, fast: 20, knowable: 'exact' }],
  },
  {
    name: 'a range of one port',
    range: [40000, 40000],
    build: async (net) => {
      await net.connect({ to: A, count: 1 });
    },
    answers: [
      { to: A, headroom: 0, fast: 0, knowable: 'exact' },
      { to: B, headroom: 1, fast: 1, knowable: 'exact' },
    ],
  },
  {
    name: 'a range of two ports',
    range: [40000, 40001],
    build: async (net) => {
      await net.connect({ to: A, count: 1 });
    },
    answers: [
      { to: A, headroom: 1, fast: 0, knowable: 'exact' },
      { to: B, headroom: 2, fast: 1, knowable: 'exact' },
    ],
  },
  {
    name: 'a bigger range with a thousand connections to each of three servers',
    range: [40000, 42999],
    build: async (net) => {
      for (const to of [A, B, A6]) await net.connect({ to, count: 1000 });
    },
    answers: [
      { to: A, headroom: 2000, fast: 500, knowable: 'exact' },
      { to: B6, headroom: 3000, fast: 1500, knowable: 'exact' },
    ],
  },
  {
    name: 'odd: 101 ports, empty',
    range: [40000, 40100],
    answers: [
      { to: A, headroom: 101, fast: 51, knowable: 'exact' },
      { to: B, headroom: 101, fast: 51, knowable: 'exact' },
      { to: C, headroom: 101, fast: 51, knowable: 'exact' },
      { to: A6, headroom: 101, fast: 51, knowable: 'exact' },
    ],
  },
  {
    name: 'odd: 101 ports, 30 used',
    range: [40000, 40100],
    build: async (net) => {
      await net.connect({ to: A, count: 30 });
    },
    answers: [{ to: A, headroom: 71, fast: 21, knowable: 'exact' }],
  },
  {
    name: 'odd: 101 ports and a listener on the lowest, so that nothing is out of reach',
    range: [40000, 40100],
    build: async (net) => {
      await net.listen('0.0.0.0:40000', { where: 'client' });
    },
    answers: [{ to: A, headroom: 100, fast: 50, knowable: 'exact' }],
  },
  {
    name: 'odd: 101 ports, the lowest and the highest used by others',
    range: [40000, 40100],
    build: async (net) => {
      await net.connect({ to: A, bind: 'port', ports: [40000, 40100], from: OTHER });
    },
    answers: [{ to: A, headroom: 99, fast: 49, knowable: 'band' }],
  },
  {
    name: 'odd: 101 ports, the lowest reserved',
    range: [40000, 40100],
    sysctls: { ip_local_reserved_ports: '40000' },
    answers: [
      { to: A, headroom: 100, fast: 50, knowable: 'exact' },
      { to: B, headroom: 100, fast: 50, knowable: 'exact' },
    ],
  },
  {
    name: 'odd: 101 ports, starting odd, all in TIME_WAIT and reusable',
    range: [40001, 40101],
    sysctls: REUSE_AT_ONCE,
    build: async (net) => {
      await timeWait(net, { to: A, count: 90 });
    },
    answers: [{ to: A, headroom: 101, fast: 51, knowable: 'exact' }],
  },
  {
    name: 'odd: three ports, of which the highest is never reached',
    range: [40000, 40002],
    answers: [{ to: A, headroom: 3, fast: 2, knowable: 'exact' }],
  },
];
