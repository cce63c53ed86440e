import type { Options } from 'yargs';
import type { AlertOverride } from '../correlate/alert-book.ts';
import type { NetnsChoice } from '../look/reach.ts';
import type { NatQuota } from '../model/nat-quota.ts';
import {
  parseAuth,
  parseLabel,
  parseOverride,
  parsePercent,
  parsePercentOrOff,
  parseUrl,
  shownUrl,
  WRITTEN_DEFAULTS,
} from './alert-values.ts';
import { parseNat } from './nat-values.ts';
import {
  duration,
  type Endpoint,
  type Listen,
  oneOf,
  parseAllowedHost,
  parseAt,
  parseBoolean,
  parseDirectory,
  parseEndpoint,
  parseGroup,
  parseListen,
  parseMode,
  parseNetns,
  parsePath,
  parseRuntimeSocket,
  parseStateDir,
  type RuntimeSocket,
  type StateDir,
  wholeNumber,
} from './option-values.ts';
import { PLAN_OPTIONS, type PlanConfig } from './plan-options.ts';

export const COMMANDS = [
  'run',
  'check',
  'top',
  'explain',
  'doctor',
  'rules',
  'dashboard',
  'incidents',
  'plan',
] as const;
export type Command = (typeof COMMANDS)[number];

/** Those that look at a host. */
const LOOKING = COMMANDS.filter((command) => !['plan', 'incidents', 'dashboard'].includes(command));

/** Those whose answer is the same in whichever format. */
const ANSWERING: readonly Command[] = ['check', 'top', 'explain', 'doctor', 'incidents', 'plan'];
const FORMATS = ['table', 'json', 'prometheusrule'] as const;

/** pino's levels. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** What all options come to, whichever command runs. Frozen, lists and all. */
export interface Config extends PlanConfig {
  readonly format: (typeof FORMATS)[number];
  readonly engine: 'auto' | 'sock_diag' | 'procfs';
  readonly netns: NetnsChoice;
  readonly ask: 'auto' | 'all' | 'off';
  readonly trace: boolean;
  readonly ownersCommandLine: boolean;
  readonly to: readonly Endpoint[];
  /** The procfs root, without a slash at its end. */
  readonly procfs: string;
  /** Where the kubelet's links to the logs of containers are; null: nobody asks for names of pods. */
  readonly podLogs: string | null;
  /** What --config named; read again on SIGHUP. */
  readonly configFile: string | null;
  readonly all: boolean;
  readonly fleet: boolean;
  readonly listen: Listen;
  readonly tickMs: number;
  /** Tables that `top` prints before it ends; null: it ends when it is told to. */
  readonly iterations: number | null;
  readonly maxDestinations: number;
  /** Lower case; IPv6 without brackets. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly alertmanagers: readonly string[];
  readonly webhooks: readonly string[];
  /** A file with the value of the Authorization header, by origin. */
  readonly alertAuth: readonly { readonly origin: string; readonly file: string }[];
  /** PEM file with the certificates to trust instead of the system's. */
  readonly alertCa: string | null;
  /** The label `instance`; null: host:port of `listen`. */
  readonly alertInstance: string | null;
  readonly alertLabels: readonly { readonly name: string; readonly value: string }[];
  readonly alertOverrides: readonly AlertOverride[];
  readonly headroomWarningRatio: number;
  readonly headroomCriticalRatio: number;
  readonly criticalUsedRatio: number;
  readonly horizonMs: number;
  readonly conntrackRatio: number | null;
  readonly timeWaitTableRatio: number | null;
  readonly runbookBase: string;
  readonly dashboardUrl: string | null;
  /** What NATs lend this host; no two of one name. */
  readonly nat: readonly NatQuota[];
  readonly stateDir: StateDir;
  /** What `explain` tells of: an incident; null: now. */
  readonly at: string | null;
  readonly probeSocket: RuntimeSocket;
  /** Permission bits. */
  readonly probeSocketMode: number;
  /** null: the group "lastport", if there is one. */
  readonly probeSocketGroup: string | null;
  /** TLS and passwords, in the format of the Prometheus exporters; null: neither. */
  readonly webConfig: string | null;
  /** Where the programs of this host ask the daemon, whatever others have to show. */
  readonly apiSocket: RuntimeSocket;
}

export type Field = keyof Config;

/** One option, wherever it may be given: --max-destinations, LASTPORT_MAX_DESTINATIONS, maxDestinations: in YAML. */
export interface Option {
  /** kebab-case, without dashes; the other two names come from it. */
  readonly flag: string;
  /** The key in a YAML file, if it is in a group there: "owners.commandLine". */
  readonly key?: string;
  /** Whose flag it is. Variables and files may always hold it: one file serves all commands. */
  readonly commands: readonly Command[];
  /** What its value is called in the help; null: a switch, which takes none on the command line. */
  readonly takes: string | null;
  readonly help: string;
  /** As it would be written; null: none. */
  readonly default: string | null;
  /** May be repeated: a list in YAML, separated by commas in the environment. */
  readonly many?: boolean;
  /** How a complaint shows it, where it may be a secret. */
  readonly quote?: (text: string) => string;
  /** Of a list: by what its values are told apart. Two of the same are refused. */
  readonly known?: (value: never) => string;
  /** One text to one value, for that command; throws a RangeError that says what would do. */
  readonly parse: (text: string, command: Command) => unknown;
}

/** The compiler holds each option to its field of Config. */
export type OptionFor<Value> = Option &
  ([Value] extends [readonly (infer Item)[]]
    ? { readonly many: true; readonly parse: (text: string, command: Command) => Item }
    : { readonly many?: never; readonly parse: (text: string, command: Command) => Value });

/** The one table: flags, variables, YAML keys, defaults, help and validation all come from here. */
export const OPTIONS: { readonly [field in Field]: OptionFor<Config[field]> } = {
  format: {
    flag: 'format',
    commands: ['check', 'top', 'explain', 'doctor', 'incidents', 'plan', 'rules'],
    takes: 'table|json|…',
    help: 'how to print the answer; of rules also prometheusrule, an object for Kubernetes',
    default: 'table',
    // A command that prints no answer takes what a file that serves them all has for others.
    parse: (text, command) => oneOf(ANSWERING.includes(command) ? ['table', 'json'] : FORMATS)(text),
  },
  to: {
    flag: 'to',
    commands: ['run', 'check', 'top'],
    takes: 'HOST:PORT',
    help: 'report this destination even if no socket uses it (repeatable)',
    default: null,
    many: true,
    parse: parseEndpoint,
  },
  all: {
    flag: 'all',
    commands: ['check'],
    takes: null,
    help: 'show every destination',
    default: 'false',
    parse: parseBoolean,
  },
  fleet: {
    flag: 'fleet',
    commands: ['dashboard'],
    takes: null,
    help: 'the dashboard of many hosts instead of that of one',
    default: 'false',
    parse: parseBoolean,
  },
  listen: {
    flag: 'listen',
    commands: ['run', 'top', 'explain', 'doctor'],
    takes: 'ADDR:PORT|unix:PATH',
    help: 'where the daemon serves /metrics, /healthz and /api',
    default: '127.0.0.1:9477',
    parse: parseListen,
  },
  tickMs: {
    flag: 'tick',
    commands: ['run', 'top'],
    takes: 'DURATION',
    help: 'time from one look to the next, 100ms to 5m',
    default: '1s',
    parse: duration(100, 300_000),
  },
  iterations: {
    flag: 'iterations',
    commands: ['top'],
    takes: 'N',
    help: 'end after so many tables, without a screen',
    default: null,
    parse: wholeNumber(1, 1_000_000_000),
  },
  maxDestinations: {
    flag: 'max-destinations',
    commands: ['run'],
    takes: 'N',
    help: 'give the N tightest destinations series of their own, 0 to 1000; the rest are summed',
    default: '8',
    parse: wholeNumber(0, 1000),
  },
  allowedHosts: {
    flag: 'allowed-host',
    commands: ['run'],
    takes: 'NAME',
    help: 'accept this name in the Host header too (repeatable)',
    default: null,
    many: true,
    parse: parseAllowedHost,
  },
  logLevel: {
    flag: 'log-level',
    commands: ['run'],
    takes: 'LEVEL',
    help: LOG_LEVELS.join(', '),
    default: 'info',
    parse: oneOf(LOG_LEVELS),
  },
  alertmanagers: {
    flag: 'alertmanager',
    commands: ['run'],
    takes: 'URL',
    help: 'send alerts to this Alertmanager (repeatable)',
    default: null,
    many: true,
    parse: parseUrl,
    quote: shownUrl,
  },
  webhooks: {
    flag: 'webhook',
    commands: ['run'],
    takes: 'URL',
    help: "send alerts there, in the JSON of Alertmanager's webhooks (repeatable)",
    default: null,
    many: true,
    parse: parseUrl,
    quote: shownUrl,
  },
  alertAuth: {
    flag: 'alert-auth',
    key: 'alerts.auth',
    commands: ['run'],
    takes: 'ORIGIN=FILE',
    help: 'file with the Authorization header for a receiver, https://host:port=FILE (repeatable)',
    default: null,
    many: true,
    parse: parseAuth,
  },
  alertCa: {
    flag: 'alert-ca',
    key: 'alerts.ca',
    commands: ['run'],
    takes: 'FILE',
    help: "certificates to trust for receivers of alerts, in PEM, instead of the system's",
    default: null,
    parse: parsePath,
  },
  alertInstance: {
    flag: 'alert-instance',
    key: 'alerts.instance',
    commands: ['run'],
    takes: 'TEXT',
    help: "the alerts' label instance, as Prometheus calls this target; without it, HOSTNAME:PORT of --listen",
    default: null,
    parse: (text) => text,
  },
  alertLabels: {
    flag: 'alert-label',
    key: 'alerts.labels',
    commands: ['run', 'rules'],
    takes: 'NAME=VALUE',
    help: 'a label for every alert, as the external_labels of Prometheus (repeatable)',
    default: null,
    many: true,
    parse: parseLabel,
  },
  alertOverrides: {
    flag: 'alert-override',
    key: 'alerts.overrides',
    commands: ['run'],
    takes: 'KEY=VALUE;…',
    help: 'other rules for a destination, unit or netns, until a date (repeatable)',
    default: null,
    many: true,
    parse: parseOverride,
  },
  headroomWarningRatio: {
    flag: 'alert-headroom-warning',
    key: 'alerts.headroomWarning',
    commands: ['run', 'rules'],
    takes: 'SHARE',
    help: 'warn when fewer than this share of the usable ports are left',
    default: WRITTEN_DEFAULTS.headroomWarning,
    parse: parsePercent,
  },
  headroomCriticalRatio: {
    flag: 'alert-headroom-critical',
    key: 'alerts.headroomCritical',
    commands: ['run', 'rules'],
    takes: 'SHARE',
    help: 'fewer than this are critical',
    default: WRITTEN_DEFAULTS.headroomCritical,
    parse: parsePercent,
  },
  criticalUsedRatio: {
    flag: 'alert-critical-used',
    key: 'alerts.criticalUsed',
    commands: ['run', 'rules'],
    takes: 'SHARE',
    help: 'ports that run out are critical, not a warning, from this share used on',
    default: WRITTEN_DEFAULTS.criticalUsed,
    parse: parsePercent,
  },
  horizonMs: {
    flag: 'alert-horizon',
    key: 'alerts.horizon',
    commands: ['run', 'rules'],
    takes: 'DURATION',
    help: 'ports that run out later than this are no alert yet, 1s to 1440m',
    default: WRITTEN_DEFAULTS.horizon,
    parse: duration(1000, 86_400_000),
  },
  conntrackRatio: {
    flag: 'alert-conntrack',
    key: 'alerts.conntrack',
    commands: ['run', 'rules'],
    takes: 'SHARE|off',
    help: 'warn when this share of the connection tracking table is used',
    default: 'off',
    parse: parsePercentOrOff,
  },
  timeWaitTableRatio: {
    flag: 'alert-time-wait-table',
    key: 'alerts.timeWaitTable',
    commands: ['run', 'rules'],
    takes: 'SHARE|off',
    help: 'warn when this share of tcp_max_tw_buckets is used',
    default: 'off',
    parse: parsePercentOrOff,
  },
  runbookBase: {
    flag: 'runbook-base',
    key: 'alerts.runbookBase',
    commands: ['run', 'rules'],
    takes: 'URL',
    help: "what the alerts' runbook_url begins with",
    default: 'docs/alerts.md',
    parse: (text) => text,
  },
  dashboardUrl: {
    flag: 'dashboard-url',
    key: 'alerts.dashboardUrl',
    commands: ['run', 'rules'],
    takes: 'URL',
    help: "the alerts' dashboard_url",
    default: null,
    parse: parseUrl,
  },
  nat: {
    flag: 'nat',
    commands: ['run', 'check', 'top', 'rules'],
    takes: 'KEY=VALUE;…',
    help: 'what a NAT lends this host: preset=NAME, networks=, except=, ports=, per=, held=, … see docs/nat.md (repeatable)',
    default: null,
    many: true,
    known: ({ name }: NatQuota) => name,
    parse: parseNat,
  },
  at: {
    flag: 'at',
    commands: ['explain'],
    takes: 'TIME|last',
    help: 'explain the incident of that time, as lastport incidents lists them: 02:40, 2026-11-23T02:40, or last',
    default: null,
    parse: parseAt,
  },
  probeSocket: {
    flag: 'probe-socket',
    commands: ['run', 'doctor'],
    takes: 'PATH|auto|off',
    help: 'where programs with a probe report to',
    default: 'auto',
    parse: parseRuntimeSocket('probe.sock'),
  },
  probeSocketMode: {
    flag: 'probe-socket-mode',
    commands: ['run'],
    takes: 'MODE',
    help: 'who may report: the permissions of that socket',
    default: '0660',
    parse: parseMode,
  },
  probeSocketGroup: {
    flag: 'probe-socket-group',
    commands: ['run'],
    takes: 'GROUP',
    help: 'the group of that socket; by default "lastport", where there is one',
    default: null,
    parse: parseGroup,
  },
  webConfig: {
    flag: 'web-config',
    commands: ['run', 'doctor'],
    takes: 'FILE',
    help: 'TLS, client certificates and passwords, in the format of the web configuration of Prometheus exporters',
    default: null,
    parse: parsePath,
  },
  apiSocket: {
    flag: 'api-socket',
    commands: ['run', 'top', 'explain', 'doctor'],
    takes: 'PATH|auto|off',
    help: 'a Unix socket for top, explain and doctor, which needs neither; auto: with --web-config only',
    default: 'auto',
    parse: parseRuntimeSocket('api.sock'),
  },
  stateDir: {
    flag: 'state-dir',
    commands: ['run', 'explain', 'incidents'],
    takes: 'DIR|auto|off',
    help: "where incidents are kept; auto: systemd's StateDirectory, else root's /var/lib/lastport, else lastport in the user's state directory",
    default: 'auto',
    parse: parseStateDir,
  },
  engine: {
    flag: 'engine',
    commands: LOOKING,
    takes: 'auto|sock_diag|procfs',
    help: "where sockets are read; auto: the kernel's sock_diag, and /proc where that does not work",
    default: 'auto',
    parse: oneOf(['auto', 'sock_diag', 'procfs']),
  },
  netns: {
    flag: 'netns',
    commands: LOOKING,
    takes: 'all|self|PID|INODE',
    help: 'which network namespaces: all that it may see, its own, or the one of a process or with an inode number',
    default: 'all',
    parse: parseNetns,
  },
  ask: {
    flag: 'ask',
    commands: ['run', 'check', 'top'],
    takes: 'auto|all|off',
    help: 'ask the kernel which ports bind() has taken; auto: as far as it matters',
    default: 'auto',
    parse: oneOf(['auto', 'all', 'off']),
  },
  trace: {
    flag: 'trace',
    commands: ['run'],
    takes: null,
    help: "follow every connection by the kernel's trace (tracefs, as root): exact rates, owners and bound ports",
    default: 'false',
    parse: parseBoolean,
  },
  ownersCommandLine: {
    flag: 'owners-command-line',
    key: 'owners.commandLine',
    commands: ['run', 'check'],
    takes: null,
    help: 'tell the arguments of the owners of ports too, with secrets masked',
    default: 'false',
    parse: parseBoolean,
  },
  procfs: {
    flag: 'procfs',
    commands: LOOKING,
    takes: 'DIR',
    help: 'where procfs is mounted',
    default: '/proc',
    parse: parseDirectory,
  },
  podLogs: {
    flag: 'pod-logs',
    commands: ['run', 'check', 'top', 'explain'],
    takes: 'DIR|off',
    help: "where the kubelet's links to the logs of containers are, which tell the names of pods",
    default: '/var/log/containers',
    parse: (text) => (text === 'off' ? null : parseDirectory(text)),
  },
  configFile: {
    flag: 'config',
    commands: COMMANDS,
    takes: 'FILE',
    help: 'YAML file with any of these options, maxDestinations for --max-destinations',
    default: null,
    parse: parsePath,
  },
  ...PLAN_OPTIONS,
};

export const FIELDS = Object.keys(OPTIONS) as readonly Field[];

export const environmentName = (option: Option): string => `LASTPORT_${option.flag.toUpperCase().replaceAll('-', '_')}`;

export const yamlKey = (option: Option): string =>
  option.key ?? option.flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/**
 * The flags of a command as yargs wants them. All are strings to yargs, which would make NaN of `--max-destinations x`
 * and let a list swallow what follows it; config.ts validates them, with those from elsewhere.
 */
export function optionsFor(command: Command): Record<string, Options> {
  const flags: Record<string, Options> = {};
  for (const option of Object.values<Option>(OPTIONS)) {
    if (!option.commands.includes(command)) continue;
    flags[option.flag] =
      option.takes === null
        ? { type: 'boolean', describe: option.help }
        : { type: 'string', requiresArg: true, nargs: 1, describe: `${option.takes}: ${option.help}` };
    // Only the description: yargs must not fill it in, or no one could tell what was given.
    if (option.takes !== null && option.default !== null) {
      (flags[option.flag] as Options).defaultDescription = option.default;
    }
  }
  return flags;
}
