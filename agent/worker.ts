// The thread that looks: collectors and correlation run here, and only Assessments leave it. So a look at a million
// sockets delays no scrape; and this thread may go into other network namespaces, which the others must not.
import { parentPort, workerData } from 'node:worker_threads';
import { COLLECTORS, ENGINE_COLLECTORS } from '../collectors/index.ts';
import { ProbeReceiver, type ProbeSink } from '../collectors/undici/receiver.ts';
import { listenUnix } from '../exporters/unix-socket.ts';
import { ProbeLedger } from './correlate/probes/probe-ledger.ts';
import { tickUntil } from './daemon.ts';
import { monotonic, now } from './host.ts';
import type { HostLook } from './look/host-look.ts';
import { makeLook } from './look/make.ts';
import { probePeers } from './look/probe-peers.ts';
import type { Assessment } from './model/assessment.ts';
import type { Gap } from './model/gap.ts';
import { triedLibc } from './tried-libc.ts';
import type { FromWorker, ToWorker, WorkerOrders } from './worker-messages.ts';

/**
 * Two beats between ticks of a second. A storm of 4,000 connections a second takes 4.7 % of the default range from one to
 * the next; and to wake up costs a quiet host more than what is done then.
 */
const BEAT_MS = 330;
/** While something rises: whether it is a burst or a storm shows after 0.8 s, and not sooner than somebody looks. */
const EAGER_BEAT_MS = 110;

const end = new AbortController();
let orders = workerData as WorkerOrders;
const ledger = orders.probeSocket === null ? null : new ProbeLedger();
/** A word of this thread's own: what crashes in the trial has not crashed here. */
const libcOf = triedLibc(orders.config, 'always');
let look = lookAs(orders);
let last: Assessment | undefined;
let receiver = null as ProbeReceiver | null;
/** Why nobody listens to probes. */
let probeGaps: readonly Gap[] = [];
let request = requestOf(orders);

function lookAs({ config }: WorkerOrders): HostLook {
  return makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'ticks', monotonic, ledger, libcOf);
}

/** The same object for the same orders: by that a look knows that nothing has changed. */
function requestOf({ request: given }: WorkerOrders): WorkerOrders['request'] {
  return probeGaps.length === 0 ? given : { ...given, gaps: [...given.gaps, ...probeGaps] };
}

async function listenToProbes(ledger: ProbeLedger): Promise<void> {
  const sink: ProbeSink = {
    begin: (identity, at) => {
      look.meet(identity);
      return ledger.begin(identity, at);
    },
    report: (...all) => ledger.report(...all),
    event: (...all) => ledger.event(...all),
    end: (...all) => ledger.end(...all),
    drop: (count) => ledger.drop(count),
  };
  const { probeSocket } = orders;
  if (probeSocket === null) return;
  const onError = (what: string, error: unknown) => post({ kind: 'error', what, message: (error as Error).message });
  try {
    receiver = await ProbeReceiver.start({
      path: probeSocket.path,
      listen: (server) => listenUnix(server, probeSocket),
      sink,
      monotonic,
      identify: probePeers(orders.config, libcOf),
      onError,
    });
  } catch (error) {
    const why = (error as Error).message;
    const costs = 'programs with a probe cannot report, and causes are told by what the kernel shows';
    probeGaps = [{ source: 'probes', what: 'what programs with a probe report', why, costs }];
    request = requestOf(orders);
  }
}

/** All that a HostLook is made from. */
const lookedAs = ({ config: { engine, netns, ask, trace, ownersCommandLine, podLogs } }: WorkerOrders): string =>
  JSON.stringify([engine, netns, ask, trace, ownersCommandLine, podLogs]);

const post = (news: FromWorker): void => parentPort?.postMessage(news);

parentPort?.on('message', (message: ToWorker) => {
  if (message === null) {
    end.abort();
    return;
  }
  const same = lookedAs(orders);
  orders = message;
  request = requestOf(orders);
  if (lookedAs(orders) !== same) {
    look.close();
    look = lookAs(orders);
  } else look.nat = orders.config.nat;
});

if (ledger !== null) await listenToProbes(ledger);
await tickUntil(end.signal, {
  tick: (at) => look.tick({ ...request, now: at }),
  beat: (at) => look.beat({ ...request, now: at }),
  finish: (patienceMs) => look.finish(patienceMs),
  publish: (assessment) => {
    const { takenAt, tookMs, namespaces } = assessment;
    if (last?.namespaces === namespaces) post({ kind: 'same', takenAt, tookMs });
    else post({ kind: 'assessment', assessment });
    last = assessment;
  },
  tickMs: () => orders.config.tickMs,
  beatMs: () => (look.isEager ? EAGER_BEAT_MS : BEAT_MS),
  now,
  monotonic,
  onError: (what, error) => post({ kind: 'error', what, message: (error as Error).message }),
  isFatal: (error) => look.isFatal(error),
});
receiver?.stop();
look.close();
parentPort?.close();
