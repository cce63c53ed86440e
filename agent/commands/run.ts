import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AlertSink } from '../../exporters/alert-sink.ts';
import type { HttpServer } from '../../exporters/http-server.ts';
import type { Logger } from '../../exporters/log.ts';
import type { PrometheusExporter } from '../../exporters/prometheus.ts';
import type { SdNotify, SdNotifyOptions } from '../../exporters/sd-notify.ts';
import type { UnixPlace } from '../../exporters/unix-socket.ts';
import { type Alerting, rulesOf } from '../alerting.ts';
import { Background, type BackgroundParts } from '../background.ts';
import type { Config } from '../config/config.ts';
import type { AlertRules } from '../correlate/alert-book.ts';
import { errorLog } from '../error-log.ts';
import type { LookWorker, LookWorkerOptions } from '../look-worker.ts';
import type { OwnGaps } from '../own-gaps.ts';
import { type Publisher, publishTo } from '../publish.ts';
import type { Recorder } from '../recorder.ts';
import { Silence } from '../silence.ts';
import type { WebAccess } from '../web-access.ts';
import { serveLocally, warnOfReaders } from '../who-reads.ts';
import type { WorkerOrders } from '../worker-messages.ts';

export interface RunParts extends BackgroundParts {
  readonly startLooking: (options: LookWorkerOptions) => LookWorker;
  readonly logger: Logger;
  readonly log: Publisher;
  readonly metrics: PrometheusExporter;
  /** For the receivers of this configuration. Throws for a file that cannot be used. */
  readonly sinks: (config: Config) => readonly AlertSink[];
  readonly alerting: (rules: AlertRules, sinks: readonly AlertSink[], http: HttpServer) => Alerting;
  /** What keeps incidents; null: nothing does. */
  readonly recorder: Recorder | null;
  /** What goes wrong with the daemon itself. */
  readonly own: OwnGaps;
  readonly serve: (options: ConstructorParameters<typeof HttpServer>[0]) => HttpServer;
  /** The configuration as it is now; rejects if it is bad. */
  readonly reload: () => Promise<Config>;
  readonly onReload: (listener: () => void) => void;
  readonly hostName: string;
  /** Where probes report to; null: nowhere. */
  readonly probeSocket: WorkerOrders['probeSocket'];
  /** What tells the service manager; null: the daemon was not started by one. */
  readonly serviceManager: (options: Pick<SdNotifyOptions, 'stuckMs'>) => SdNotify | null;
  /** Who may read; null: everybody who reaches us. */
  readonly web: WebAccess | null;
  /** Where the programs of this host may ask, whatever others have to show; null: nowhere else. */
  readonly apiSocket: UnixPlace | null;
  readonly monotonic: () => number;
}

/** A look may be late by a few ticks, or by so much on a busy host, before /healthz calls it stuck. */
const STUCK_AFTER_TICKS = 3;
const STUCK_AFTER_MS = 5000;
/** On a host that starves looks come late, and what the last one saw says more than nothing; for so long. */
const SILENT_AFTER_MS = 15_000;
/** The first look waits so long for the addresses of --to. */
const ROUTE_PATIENCE_MS = 1000;

/** `lastport run`: looks every tick and serves what it found, until it is told to end. Returns the exit code. */
export async function run(initial: Config, parts: RunParts): Promise<number> {
  const { logger, metrics, signal, monotonic } = parts;
  const onError = errorLog(logger, monotonic);
  let config = initial;
  let lastTick: number | null = null;
  let tickThen = 0;
  /** A shorter tick takes effect when the wait under way is over. */
  const waitMs = () => Math.max(config.tickMs, tickThen);
  const stuckMs = () => Math.max(waitMs() * STUCK_AFTER_TICKS, waitMs() + STUCK_AFTER_MS);

  let first: () => void = () => undefined;
  const firstLook = new Promise<void>((resolve) => {
    first = resolve;
  });
  // Whatever keeps the first look from coming must not keep a scraper waiting for ever.
  const started = Promise.race([
    firstLook,
    delay(STUCK_AFTER_MS, undefined, { ref: false, signal }).catch(() => undefined),
  ]);

  // What is wrong with these ends it before anybody is served.
  const sinks = parts.sinks(config);
  const http = parts.serve({
    // A page without values would look like a host without sockets.
    render: (format) => started.then(() => metrics.render(format)),
    lastTick: () => (lastTick === null ? null : { ageMs: monotonic() - lastTick, limitMs: stuckMs() }),
    allowedHosts: () => [...hostNames(parts.hostName), ...config.allowedHosts],
    ...(parts.web === null ? {} : { web: () => (parts.web as WebAccess).current() }),
    onError,
    monotonic,
  });
  const port = await http.listen(config.listen);
  if (parts.apiSocket !== null) await serveLocally(http, parts.apiSocket, logger);
  const instance = `${parts.hostName}:${config.listen.kind === 'tcp' ? port : 0}`;
  const alerting = parts.alerting(rulesOf(config, instance), sinks, http);
  const manager = parts.serviceManager({ stuckMs });
  const optional = [parts.recorder, manager].filter((one) => one !== null);
  // Alerts first: nobody waits for them in vain.
  const publish = publishTo([alerting, metrics, http, parts.log, ...optional], onError);
  const background = new Background(parts, onError);
  const orders = (): WorkerOrders => {
    const { procfs, engine, netns, ask, trace, ownersCommandLine, podLogs, tickMs, nat, stateDir } = config;
    return {
      config: { procfs, engine, netns, ask, trace, ownersCommandLine, podLogs, tickMs, nat, stateDir },
      request: background.found,
      probeSocket: parts.probeSocket,
    };
  };
  // What --to asks for is in the first look already, unless a name server takes its time.
  await Promise.race([background.start(config.to), delay(ROUTE_PATIENCE_MS, undefined, { ref: false })]);
  const { own } = parts;
  const silence = new Silence({
    limitMs: () => Math.max(stuckMs(), SILENT_AFTER_MS),
    monotonic,
    onSilence: (assessment, gap) => {
      own.note('look', gap);
      publish(own.addTo(assessment));
    },
  });
  let restarts = 0;
  const looking = parts.startLooking({
    orders: orders(),
    onAssessment: (assessment) => {
      lastTick = monotonic();
      tickThen = config.tickMs;
      silence.heard(assessment);
      own.note('look', null);
      publish(own.addTo(assessment));
      first();
    },
    onError: (what, error) => {
      silence.noteError(`${what}: ${(error as Error).message}`);
      onError(what, error);
    },
    onRestart: () => metrics.noteOwn({ lookRestarts: ++restarts }),
  });
  background.onFound = () => looking.update(orders());
  parts.onReload(() => {
    manager?.reloading();
    parts.web?.look();
    const reloaded = parts.reload().then(
      (changed) => {
        reportUnchangeable(config, changed, logger);
        const { listen, procfs, alertmanagers, webhooks, alertAuth, alertCa, stateDir } = config;
        config = { ...changed, listen, procfs, alertmanagers, webhooks, alertAuth, alertCa, stateDir };
        metrics.maxDestinations = config.maxDestinations;
        alerting.rules = rulesOf(config, instance);
        logger.level = config.logLevel;
        void background.start(config.to);
        looking.update(orders());
        logger.info('configuration reloaded');
      },
      (error: unknown) => onError('configuration not reloaded, the old one stays', error),
    );
    if (manager !== null) void reloaded.then(() => manager.ready());
  });

  // Said only when there is something to be had: whoever waits for it may scrape, or send SIGHUP, at once.
  await started;
  const { listen } = config;
  logger.info({ listen: listen.kind === 'tcp' ? `${listen.host}:${port}` : `unix:${listen.path}` }, 'listening');
  warnOfReaders(listen, parts.web?.current() ?? null, logger);

  manager?.ready();

  if (!signal.aborted) await once(signal, 'abort');
  logger.info('ending');
  manager?.stopping();
  background.stop();
  silence.stop();
  await Promise.all([looking.stop(), http.close(), alerting.close(), parts.recorder?.close()]);
  return 0;
}

/** What only a restart changes. */
function reportUnchangeable(old: Config, changed: Config, logger: Logger): void {
  for (const field of [
    'listen',
    'procfs',
    'alertmanagers',
    'webhooks',
    'alertAuth',
    'alertCa',
    'stateDir',
    'probeSocket',
    'probeSocketMode',
    'probeSocketGroup',
    'webConfig',
    'apiSocket',
  ] as const) {
    if (JSON.stringify(old[field]) !== JSON.stringify(changed[field])) {
      logger.warn({ option: field }, 'this option takes effect at the next start');
    }
  }
}

/** The machine's name as it is, and without its domain. */
function hostNames(name: string): string[] {
  return [name, name.split('.', 1)[0] ?? name];
}
