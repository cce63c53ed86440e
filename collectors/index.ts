import type { Collector } from '../agent/model/readings.ts';
import { procNetCounters } from './proc-net-counters.ts';
import { procNetTcp } from './proc-net-tcp.ts';
import { procNsSockstat } from './proc-ns-sockstat.ts';
import { procSysNetIpv4 } from './proc-sys-net-ipv4.ts';

/** Every collector that runs on the tick, in the order in which they run. */
export const COLLECTORS = {
  'proc-sys-net-ipv4': procSysNetIpv4,
  'proc-net-tcp': procNetTcp,
  'proc-net-counters': procNetCounters,
  'proc-ns-sockstat': procNsSockstat,
} satisfies Record<string, () => Collector>;
