import { fstatSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { readInventory } from '../../collectors/system.ts';
import { createLogger, EXPORTERS } from '../../exporters/index.ts';
import type { LogFormat } from '../../exporters/log.ts';
import { systemLookup } from '../../exporters/name-lookup.ts';
import { Alerting, type AlertListener, sinksOf } from '../alerting.ts';
import { resolveAsked } from '../asked.ts';
import { run } from '../commands/run.ts';
import { type Config, UsageError } from '../config/config.ts';
import { runtimeSocketOf } from '../config/runtime-socket.ts';
import { groupId, monotonic, now, readFileStart, version } from '../host.ts';
import { LookWorker } from '../look-worker.ts';
import { incidentsGap, logGap, OwnGaps, sinkGap } from '../own-gaps.ts';
import { Recorder } from '../recorder.ts';
import { serviceManager } from '../service-manager.ts';
import { triedLibc } from '../tried-libc.ts';
import { apiSocketPlace, webAccess } from '../who-reads.ts';
import { incidentsDirectory, isRoot, terminationSignal } from './process.ts';

/** Certificates and secrets are shorter. */
const LONGEST_FILE = 1024 * 1024;

/** `lastport run` with all its parts. `complain` is told when the log cannot be written. Returns the exit code. */
export async function wireRun(
  config: Config,
  reload: () => Promise<Config>,
  complain: (error: Error) => void,
): Promise<number> {
  const { maxDestinations } = config;
  const metrics = new EXPORTERS.prometheus({ maxDestinations, version: version(), node: process.version });
  const own = new OwnGaps();
  const output = new EXPORTERS.logOutput({
    write: (bytes) => writeSync(process.stdout.fd, bytes),
    onTrouble: (error) => {
      own.note('log', error === null ? null : logGap(error));
      metrics.noteOwn({ linesLost: output.lost });
      if (error !== null) complain(error);
    },
    onBack: (lines) => logger.warn({ lines }, 'lines of the log were lost: they could not be written'),
  });
  const format = logFormat();
  const logger = createLogger(config.logLevel, format === 'terminal' ? process.stdout : output, format);
  const log = new EXPORTERS.log(logger);
  const incidents = incidentsDirectory(config);
  if (incidents === null && config.stateDir === 'auto') {
    logger.warn('incidents are not recorded: neither $STATE_DIRECTORY nor $HOME is set; give --state-dir DIR');
  }
  const web = await webAccess(config, logger, metrics, monotonic);
  const recorder =
    incidents === null
      ? null
      : new Recorder({
          folder: EXPORTERS.folder(incidents),
          writer: EXPORTERS.folderWriter,
          logger,
          onCounts: (counts) => metrics.noteIncidents(counts),
          onTrouble: (error) => own.note('incidents', error === null ? null : incidentsGap(incidents, error)),
          now,
          monotonic,
        });
  return run(config, {
    startLooking: (options) => new LookWorker(options),
    logger,
    log: {
      name: log.name,
      publish: (assessment) => {
        output.catchUp();
        metrics.noteOwn({ linesLost: output.lost });
        log.publish(assessment);
      },
    },
    own,
    metrics,
    sinks: (settings) => {
      const deliveries = new EXPORTERS.deliveryLog(logger, monotonic);
      const sinks = sinksOf(settings, {
        ...EXPORTERS,
        lookup: systemLookup,
        now,
        monotonic,
        random: Math.random,
        readFile: (path) => Buffer.from(readFileStart(path, LONGEST_FILE)).toString('utf8'),
        onResult: (sink, result, why) => {
          metrics.noteDelivery(sink, result);
          deliveries.note(sink, result, why);
          own.note(`sink ${sink}`, why === null ? null : sinkGap(sink, why));
        },
      });
      for (const { name } of sinks) metrics.noteSink(name);
      return sinks;
    },
    alerting: (rules, sinks, http) => {
      const noted: AlertListener = {
        publish: (changed, firing, learned) => {
          metrics.noteAlerts(firing);
          // What is said of one that fires changes with each look.
          http.noteAlerts(firing, firing.length + changed.length + learned.length > 0);
        },
      };
      return new Alerting(rules, [new EXPORTERS.alertLog(logger), noted], sinks, monotonic);
    },
    recorder,
    serve: (options) => new EXPORTERS.http({ ...options, onRefused: (why) => metrics.noteRefused(why) }),
    inventory: (signal) => readInventory({ signal }),
    route: resolveAsked,
    reload,
    onReload: (listener) => process.on('SIGHUP', listener),
    signal: terminationSignal(),
    hostName: hostname(),
    probeSocket: probeSocketPlace(config),
    serviceManager: ({ stuckMs }) => {
      const onError = (error: Error) => logger.warn({ err: error.message }, 'the service manager is not told');
      const manager = serviceManager(process.env, process.pid, triedLibc(config, 'once'), onError);
      const monotonicUs = () => process.hrtime.bigint() / 1000n;
      return manager === null ? null : new EXPORTERS.sdNotify({ ...manager, stuckMs, monotonicUs });
    },
    web,
    apiSocket: apiSocketPlace(config, process.env, isRoot()),
    monotonic,
  });
}

/** Throws UsageError for a group that does not exist. */
function probeSocketPlace({ probeSocket, probeSocketMode, probeSocketGroup }: Config) {
  const path = runtimeSocketOf(probeSocket, 'probe.sock', process.env, isRoot());
  if (path === null) return null;
  const group = groupId(probeSocketGroup ?? 'lastport');
  if (group === null && probeSocketGroup !== null) {
    throw new UsageError(`--probe-socket-group: this host has no group ${probeSocketGroup}; use one that it has`);
  }
  return { path, mode: probeSocketMode, group };
}

/** The journal gives the device and inode of its socket, so that a stdout that leads elsewhere is not taken for it. */
function logFormat(): LogFormat {
  if (process.stdout.isTTY === true) return 'terminal';
  const { dev, ino } = fstatSync(1);
  return process.env['JOURNAL_STREAM'] === `${dev}:${ino}` ? 'journal' : 'json';
}
