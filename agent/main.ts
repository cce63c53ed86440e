#!/usr/bin/env node
import { fstatSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import type Yargs from 'yargs';
import { COLLECTORS, ENGINE_COLLECTORS } from '../collectors/index.ts';
import type { LogFormat } from '../exporters/log.ts';
import type { AlertListener } from './alerting.ts';
import { check } from './commands/check.ts';
import { DESCRIPTIONS } from './config/command-words.ts';
import { type Command, type Config, loadConfig, optionsFor, UsageError } from './config/config.ts';
import { formatListen } from './config/option-values.ts';
import { runtimeSocketOf } from './config/runtime-socket.ts';
import { stateDirOf } from './config/state-dir.ts';
import { groupId, monotonic, now, readFileStart, realHost, version } from './host.ts';
import { makeLook } from './look/make.ts';
import { triedLibc } from './tried-libc.ts';

/** As CommonJS, which is one file: as ESM, yargs alone would take longer than a whole `lastport check`. */
const yargs = createRequire(import.meta.url)('yargs') as typeof Yargs;

/** Certificates and secrets are shorter. */
const LONGEST_FILE = 1024 * 1024;

const stdout = (text: string) => process.stdout.write(text);
const stderr = (text: string) => process.stderr.write(text);
const hasColors = () => process.stdout.hasColors?.() === true && !process.env['NO_COLOR'];

const commands: Record<
  Command,
  { run: (config: Config, reload: () => Promise<Config>, target?: string) => Promise<number> }
> = {
  run: {
    run: async (config, reload) => {
      const [
        { run },
        { LookWorker },
        { createLogger, EXPORTERS },
        { incidentsGap, logGap, OwnGaps, sinkGap },
        { readInventory },
        { resolveAsked },
        { Alerting, sinksOf },
        { Recorder },
        { systemLookup },
        { serviceManager },
        { apiSocketPlace, webAccess },
      ] = await Promise.all([
        import('./commands/run.ts'),
        import('./look-worker.ts'),
        import('../exporters/index.ts'),
        import('./own-gaps.ts'),
        import('../collectors/system.ts'),
        import('./asked.ts'),
        import('./alerting.ts'),
        import('./recorder.ts'),
        import('../exporters/name-lookup.ts'),
        import('./service-manager.ts'),
        import('./who-reads.ts'),
      ]);
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
      const stateDir = stateDirectory(config);
      if (stateDir === null && config.stateDir === 'auto') {
        logger.warn('incidents are not recorded: neither $STATE_DIRECTORY nor $HOME is set; give --state-dir DIR');
      }
      const web = await webAccess(config, logger, metrics, monotonic);
      const recorder =
        stateDir === null
          ? null
          : new Recorder({
              folder: EXPORTERS.folder(`${stateDir}/${INCIDENTS}`),
              writer: EXPORTERS.folderWriter,
              logger,
              onCounts: (counts) => metrics.noteIncidents(counts),
              onTrouble: (error) => own.note('incidents', error === null ? null : incidentsGap(stateDir, error)),
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
        apiSocket: apiSocketPlace(config, process.env, process.getuid?.() === 0),
        monotonic,
      });
    },
  },
  check: {
    run: async (config) => {
      const { checkTable } = await import('../exporters/text.ts');
      const look = lookOnce(config);
      return check(config, {
        look: (request) => look.once(request),
        route: async (to) =>
          to.length === 0 ? { asked: [], gaps: [] } : (await import('./asked.ts')).resolveAsked(to),
        render: (assessment, options) => checkTable(assessment, { ...options, color: hasColors() }),
        now,
        stdout,
        stderr,
      });
    },
  },
  top: {
    run: async (config) => {
      const [{ top }, { TopSource }, { checkTable }, { LookWorker }, { resolveAsked }, client, source] =
        await Promise.all([
          import('./commands/top.ts'),
          import('./top/source.ts'),
          import('../exporters/text.ts'),
          import('./look-worker.ts'),
          import('./asked.ts'),
          import('./daemon-places.ts'),
          import('./explain-source.ts'),
        ]);
      const isScreen = process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb';
      const screen = isScreen ? await topScreen() : null;
      const signal = terminationSignal(['SIGTERM', 'SIGINT', 'SIGHUP']);
      return top(config, {
        source: async (onFeed) => {
          const { listen, tickMs, procfs, engine, netns, ask, podLogs, nat, to, stateDir } = config;
          const { asked, gaps } = to.length === 0 ? { asked: [], gaps: [] } : await resolveAsked(to);
          const limits = { timeoutMs: 2000, mostBytes: source.MOST_BYTES };
          const daemon = await client.DaemonSomewhere.open(client.daemonPlaces(config), limits);
          const feeds = new TopSource({
            ask: () => daemon.ask('/api/assessment'),
            startLooking: (onAssessment, onError) => {
              const orders = {
                config: {
                  procfs,
                  engine,
                  netns,
                  ask,
                  trace: false,
                  ownersCommandLine: false,
                  podLogs,
                  tickMs,
                  nat,
                  stateDir,
                },
                request: { inventory: null, asked, gaps },
                probeSocket: null,
              };
              return new LookWorker({ orders, onAssessment, onError });
            },
            place: formatListen(listen),
            tickMs,
            monotonic,
            onFeed,
          });
          return {
            close: async () => {
              await Promise.all([feeds.close(), daemon.close()]);
            },
          };
        },
        screen,
        render: (assessment) => checkTable(assessment, { all: false, color: hasColors() }),
        stdout,
        stderr,
        onUnread: (listener) => process.stdout.on('error', listener),
        signal,
      });
    },
  },
  explain: {
    run: async (config, _, target) => {
      const [{ explain }, { incidentSource, liveSource }, { explainText }, { realFolder }, { daemonPlaces }] =
        await Promise.all([
          import('./commands/explain.ts'),
          import('./explain-source.ts'),
          import('../exporters/explain-text.ts'),
          import('../exporters/incidents/folder.ts'),
          import('./daemon-places.ts'),
        ]);
      const stateDir = stateDirectory(config);
      const folder = stateDir === null ? null : realFolder(`${stateDir}/${INCIDENTS}`);
      const look = async () => {
        return lookOnce({ ...config, trace: false }).once({ now: now(), asked: [], gaps: [], inventory: null });
      };
      return explain(target, {
        source: () =>
          config.at === null
            ? liveSource(daemonPlaces(config), look, stderr)
            : incidentSource(folder, config.at, now()),
        render: (all) => explainText(all, { color: hasColors(), hint: nothingToExplain(target) }),
        format: config.format,
        stdout,
      });
    },
  },
  plan: {
    run: async (config) => {
      const [{ plan }, { planText }] = await Promise.all([
        import('./commands/plan.ts'),
        import('../exporters/plan-text.ts'),
      ]);
      return plan(config, { render: (answer) => planText(answer, { color: hasColors() }), stdout });
    },
  },
  rules: {
    run: async (config) => (await import('./commands/rules.ts')).rules(config, stdout),
  },
  dashboard: {
    run: async (config) => (await import('./commands/dashboard.ts')).dashboard(config, stdout),
  },
  incidents: {
    run: async (config) => {
      const [{ incidents }, { realFolder }] = await Promise.all([
        import('./commands/incidents.ts'),
        import('../exporters/incidents/folder.ts'),
      ]);
      const stateDir = stateDirectory(config);
      const folder = stateDir === null ? null : realFolder(`${stateDir}/${INCIDENTS}`);
      return incidents(config, { folder, stdout, stderr });
    },
  },
  doctor: {
    run: async (config) => {
      const { doctor } = await import('./commands/doctor.ts');
      return doctor(config, realHost(config.procfs), stdout);
    },
  },
};

const nothingToExplain = (target: string | undefined): string =>
  target === undefined
    ? 'Nothing to explain: every destination is fine, and nothing wastes ports'
    : `Nothing is known of ${target}; lastport check --all lists the destinations in use`;

/** What opens the screen of `lastport top`. */
async function topScreen() {
  const [{ Terminal }, { startGuard }, { LiveScreen }, { Painter }, { explainedOf }] = await Promise.all([
    import('./top/terminal.ts'),
    import('./top/start-guard.ts'),
    import('./top/live-screen.ts'),
    import('../exporters/top/painter.ts'),
    import('./commands/explain.ts'),
  ]);
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const utf8 = /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
  return (onQuit: () => void) =>
    new LiveScreen({
      terminal: new Terminal(process, startGuard),
      painter: new Painter({ color: hasColors(), utf8 }),
      explain:
        ({ from }) =>
        (assessment, { namespace, one }) =>
          explainedOf(assessment, from, namespace, one),
      now,
      monotonic,
      onQuit,
    });
}

/** In the state directory. */
const INCIDENTS = 'incidents';
/** Throws UsageError for a group that does not exist. */
function probeSocketPlace({ probeSocket, probeSocketMode, probeSocketGroup }: Config) {
  const path = runtimeSocketOf(probeSocket, 'probe.sock', process.env, process.getuid?.() === 0);
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
const lookOnce = (config: Config) =>
  makeLook(COLLECTORS, ENGINE_COLLECTORS, config, 'once', monotonic, null, triedLibc(config, 'once'));

const stateDirectory = ({ stateDir }: Config) => stateDirOf(stateDir, process.env, process.getuid?.() === 0);

/** Less than TimeoutStopSec= of the unit. Where nothing else runs it takes a tenth of a second; a starved host takes longer. */
const LONGEST_END_MS = 8000;
/** These end in order; a second one, or too long a time, at once. */
function terminationSignal(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']): AbortSignal {
  const controller = new AbortController();
  const end = () => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
    // exit() would wait for a disk that hangs, in a thread of libuv's.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), LONGEST_END_MS).unref();
  };
  for (const signal of signals) process.on(signal, end);
  return controller.signal;
}

const chosen: { command?: Command; flags: Record<string, unknown>; target?: string | undefined } = { flags: {} };

async function main(): Promise<number> {
  const parser = yargs(process.argv.slice(2))
    .scriptName('lastport')
    .usage('$0 <command> [options]\n\nWatches TCP ports and tells which destination runs out of them.')
    .version(version())
    .parserConfiguration({ 'duplicate-arguments-array': true, 'camel-case-expansion': false })
    .demandCommand(1, 'give a command: run, check, top, explain, incidents, plan, rules, dashboard or doctor')
    .strictCommands()
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      // yargs gives its own complaints as a YError, everybody else's as they are.
      throw error === undefined || error.name === 'YError' ? new UsageError(message) : error;
    });
  for (const [name, describe] of Object.entries(DESCRIPTIONS) as [Command, string][]) {
    const isExplain = name === 'explain';
    parser.command(
      isExplain ? 'explain [destination]' : name,
      describe,
      (command) => {
        const all = command.options(optionsFor(name));
        return isExplain
          ? all.positional('destination', { type: 'string', describe: "10.9.0.2:8080, a name, or a process's id" })
          : all;
      },
      (argv) => {
        chosen.command = name;
        const { destination, ...given } = argv;
        if (isExplain) chosen.target = destination as string | undefined;
        chosen.flags = isExplain ? given : argv;
      },
    );
  }
  try {
    await parser.parseAsync();
  } catch (error) {
    // Nothing runs in there but yargs, which `--constructor x` makes stumble.
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read the options: ${(error as Error).message}`);
  }
  const { command, flags } = chosen;
  if (command === undefined) return 0; // --help or --version
  const load = () => loadConfig({ command, flags, env: process.env, readFile: readFileStart });
  const { config, warnings } = await load();
  for (const warning of warnings) stderr(`lastport: ${warning}\n`);
  return commands[command].run(config, async () => (await load()).config, chosen.target);
}

// `lastport check | head -1` is not an error, and its exit code still the answer; a daemon goes on without its log. An
// answer that is not delivered for another reason is none.
let complained = false;
function complain(error: NodeJS.ErrnoException): void {
  const isDaemon = chosen.command === 'run';
  if (complained || (error.code === 'EPIPE' && !isDaemon)) return;
  complained = true;
  stderr(`lastport: Cannot write to stdout: ${error.message}${isDaemon ? '; going on without the log' : ''}\n`);
  if (!isDaemon)
    process.once('exit', () => {
      process.exitCode = 3;
    });
}
process.stdout.on('error', complain);
process.stderr.on('error', () => undefined); // there is nowhere left to say it

try {
  process.exitCode = await main();
} catch (error) {
  stderr(`lastport: ${(error as Error).message.split('\n')[0]}\n`);
  // A daemon that could not start failed; a check that could not look has no answer.
  const failed = chosen.command === 'run' ? 1 : 3;
  process.exitCode = error instanceof UsageError ? error.exitCode : failed;
}
