import { type Libc, lazyLibc } from '../../collectors/libc.ts';
import type { Config } from '../config/config.ts';
import type { ProbeLedger } from '../correlate/probes/probe-ledger.ts';
import type { AskScope } from '../correlate/questions.ts';
import { monotonic, realHost } from '../host.ts';
import type { Collector, Engine } from '../model/readings.ts';
import { HostLook } from './host-look.ts';
import { realReach } from './real-reach.ts';

/** Who asks the kernel about what: a single look has time for all that it shows, a daemon only for what decides. */
const SCOPES: Readonly<Record<Config['ask'], Readonly<Record<'once' | 'ticks', AskScope | 'off'>>>> = {
  auto: { once: 'reported', ticks: 'deciding' },
  all: { once: 'all', ticks: 'all' },
  off: { once: 'off', ticks: 'off' },
};

/** A HostLook at the real host, put together from the table of collectors as the configuration says. */
export function makeLook<Name extends string>(
  collectors: Readonly<Record<Name | 'proc-sys-net-ipv4' | 'proc-net-counters', (libcOf?: () => Libc) => Collector>>,
  engines: Readonly<Record<Engine, Name>>,
  config: Pick<Config, 'procfs' | 'engine' | 'netns' | 'ask' | 'trace' | 'ownersCommandLine'> &
    Partial<Pick<Config, 'nat' | 'podLogs'>>,
  mode: 'once' | 'ticks',
  clock: () => number = monotonic,
  probes: ProbeLedger | null = null,
  libcOf: () => Libc = lazyLibc(),
): HostLook {
  const host = realHost(config.procfs);
  // A copied tree has no kernel to ask: nothing is missing there, for there was nothing to be had.
  const auto: readonly Engine[] = host.isLive ? ['sock_diag', 'procfs'] : ['procfs'];
  const order = config.engine === 'auto' ? auto : [config.engine];
  const sources = {
    ports: collectors['proc-sys-net-ipv4'](),
    sockets: order.map((engine) => collectors[engines[engine]](libcOf)),
    counters: collectors['proc-net-counters'](),
  };
  const { netns, nat = [] } = config;
  const options = { netns, nat, probes, ask: host.isLive ? SCOPES[config.ask][mode] : ('off' as const) };
  return new HostLook(
    host,
    sources,
    realReach(
      host,
      {
        wantsTrace: mode === 'ticks' && config.trace,
        wantsCommandLine: config.ownersCommandLine,
        podLogs: config.podLogs ?? null,
      },
      libcOf,
    ),
    options,
    clock,
  );
}
