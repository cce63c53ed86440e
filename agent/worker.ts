// The thread that looks: collectors and correlation run here, and only Assessments leave it. So a look at a million
// sockets delays no scrape; and this thread may go into other network namespaces, which the others must not.
import { parentPort, workerData } from 'node:worker_threads';
import { COLLECTORS, ENGINE_COLLECTORS } from '../collectors/index.ts';
import { tickUntil } from './daemon.ts';
import { monotonic, now } from './host.ts';
import type { HostLook } from './look/host-look.ts';
import { makeLook } from './look/make.ts';
import type { Assessment } from './model/assessment.ts';
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
let look = lookAs(orders);
let last: Assessment | undefined;

function lookAs({ config }: WorkerOrders): HostLook {
  return makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'ticks');
}

/** All that a HostLook is made from. */
const lookedAs = ({ config: { engine, netns, ask, trace, ownersCommandLine } }: WorkerOrders): string =>
  JSON.stringify([engine, netns, ask, trace, ownersCommandLine]);

const post = (news: FromWorker): void => parentPort?.postMessage(news);

parentPort?.on('message', (message: ToWorker) => {
  if (message === null) {
    end.abort();
    return;
  }
  const same = lookedAs(orders);
  orders = message;
  if (lookedAs(orders) !== same) {
    look.close();
    look = lookAs(orders);
  } else look.nat = orders.config.nat;
});

await tickUntil(end.signal, {
  tick: (at) => look.tick({ ...orders.request, now: at }),
  beat: (at) => look.beat({ ...orders.request, now: at }),
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
look.close();
parentPort?.close();
