import type { Collector, Engine } from '../agent/model/readings.ts';
import { procNetCounters } from './proc-net-counters.ts';
import { procNetTcp } from './proc-net-tcp.ts';
import { procSysNetIpv4 } from './proc-sys-net-ipv4.ts';
import { sockDiag } from './sock-diag.ts';

/** Every collector of a close look. */
export const COLLECTORS = {
  'proc-sys-net-ipv4': procSysNetIpv4,
  'sock-diag': sockDiag,
  'proc-net-tcp': procNetTcp,
  'proc-net-counters': procNetCounters,
} satisfies Record<string, () => Collector>;

/** Those that read the sockets, each by its engine. */
export const ENGINE_COLLECTORS = {
  sock_diag: 'sock-diag',
  procfs: 'proc-net-tcp',
} satisfies Record<Engine, keyof typeof COLLECTORS>;
