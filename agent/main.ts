#!/usr/bin/env node
import { createRequire } from 'node:module';
import type Yargs from 'yargs';
import { check } from './commands/check.ts';
import { DESCRIPTIONS } from './config/command-words.ts';
import { type Command, type Config, loadConfig, optionsFor, UsageError } from './config/config.ts';
import { now, readFileStart, realHost, version } from './host.ts';
import { hasColors, incidentsDirectory, lookOnce, stderr, stdout } from './wiring/process.ts';

/** As CommonJS, which is one file: as ESM, yargs alone would take longer than a whole `lastport check`. */
const yargs = createRequire(import.meta.url)('yargs') as typeof Yargs;

const commands: Record<
  Command,
  { run: (config: Config, reload: () => Promise<Config>, target?: string) => Promise<number> }
> = {
  run: {
    run: async (config, reload) => (await import('./wiring/run.ts')).wireRun(config, reload, complain),
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
    run: async (config) => (await import('./wiring/top.ts')).wireTop(config),
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
      const place = incidentsDirectory(config);
      const folder = place === null ? null : realFolder(place);
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
      const place = incidentsDirectory(config);
      const folder = place === null ? null : realFolder(place);
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
