// The table of docs/configuration.md, from the options themselves.
import {
  COMMANDS,
  type Command,
  FIELDS,
  type Field,
  OPTIONS,
  type Option,
  yamlKey,
} from '../../agent/config/options.ts';

/** What the page has to say beyond the help, where that is too short. */
const MORE: { readonly [field in Field]?: string } = {
  to: 'report this destination even if no socket uses it. Names are resolved (`run`: again every minute), all addresses shown. IPv6 in brackets: `[2001:db8::1]:443`',
  all: 'show every destination, not only those above 5 % or not healthy',
  fleet: 'the [dashboard](grafana.md) of many hosts instead of that of one',
  listen: 'where the daemon serves; port 0 takes any free one, and the log says which',
  allowedHosts: "accept this name in the Host header, beside localhost, IP addresses and the host's own name",
  logLevel:
    'what is logged, as JSON lines on stdout (readable text on a terminal): trace, debug, info, warn, error, fatal, silent',
  procfs: 'where procfs is mounted, as `/host/proc` in a container',
  engine:
    "where sockets are read: the kernel's socket diagnostics, or the text of /proc. `auto` takes the first that works, and says why if it is not sock_diag",
  netns: 'which network namespaces: all that it may see, its own, or one (`4026532246` or `net:[4026532246]`)',
  trace:
    "follow every connection by the kernel's trace, see [how-it-works.md](how-it-works.md#the-kernels-trace); needs root and tracefs",
  ownersCommandLine:
    'tell the arguments of the owners of ports too (`owners.commandLine: true` in YAML), in the JSON; never in metrics. What may be a secret is masked: values of options, variables, headers and parameters that are called like one, passwords in URLs, and what looks like a key',
  ask: 'ask the kernel which ports in use bind() has taken. `auto`: in `check` whatever is shown, for half a second at most; in `run` only where the answer could change a verdict, for 0.5 % of a core',
  alertmanagers: 'send alerts to this Alertmanager: `http://host:9093`, with its route prefix if it has one',
  webhooks: "send alerts there, as Alertmanager's webhook messages (version 4)",
  alertAuth:
    'file with the Authorization header for one receiver, `https://host:port=/etc/lastport/token`; read for each request',
  alertCa: "certificates to trust for receivers of alerts, in PEM, instead of the system's",
  alertInstance:
    "the alerts' label `instance`; without it, the host's name and the port of `--listen`. Make it what Prometheus calls this target",
  alertLabels: "a label for every alert, as Prometheus's external labels",
  alertOverrides: 'other rules for some destinations, see [alerts.md](alerts.md#overrides)',
  nat: 'what a NAT lends this host, see [nat.md](nat.md). In a variable with blanks between networks, not commas',
  stateDir:
    'where [incidents](incidents.md) are kept, and read. `auto`: the folder that systemd made for the service (`$STATE_DIRECTORY`), else `/var/lib/lastport` as root, else `$XDG_STATE_HOME/lastport` or `~/.local/state/lastport`. `off`: none are kept',
  probeSocket:
    "the Unix socket that [probes](probe.md) report to. `auto`: the folder that systemd made for the service (`$RUNTIME_DIRECTORY`), else `/run/lastport/probe.sock` as root, else `$XDG_RUNTIME_DIR/lastport/probe.sock`. `off`: nobody listens. A program's probe reads the same variable, `LASTPORT_PROBE_SOCKET`",
  probeSocketMode: 'who may report: the permissions of that socket',
  probeSocketGroup: 'the group of that socket; without it `lastport`, if the host has such a group',
  at: 'explain the [incident](incidents.md) of that time: `02:40` (the last one that was), `2026-11-23T02:40:05Z`, or `last`',
  configFile: 'the YAML file',
};

const BEGIN = '<!-- options: made by test/support/configuration-doc.ts (npm run docs:configuration); do not edit -->';
const END = '<!-- end of options -->';

/** The page with its table as the options have it now. */
export function withOptions(page: string): string {
  const [before, rest] = cut(page, BEGIN);
  const [, after] = cut(rest, END);
  const head = ['| flag | in the file | commands | value | default | means |', '|---|---|---|---|---|---|'];
  return [before + BEGIN, '', ...head, ...FIELDS.map(row), '', END + after].join('\n');
}

function cut(text: string, at: string): [before: string, after: string] {
  const index = text.indexOf(at);
  if (index < 0) throw new Error(`docs/configuration.md has no "${at}"`);
  return [text.slice(0, index), text.slice(index + at.length)];
}

function row(field: Field): string {
  const option: Option = OPTIONS[field];
  const { flag, commands, takes, many, default: usual } = option;
  const cells = [
    `\`--${flag}\``,
    field === 'configFile' ? '' : `\`${yamlKey(option)}\``,
    commandsOf(commands),
    takes === null ? 'switch' : `\`${takes}\`${many === true ? ', list' : ''}`,
    usual === null ? 'none' : takes === null ? (usual === 'true' ? 'on' : 'off') : `\`${usual}\``,
    MORE[field] ?? option.help.replace(/ \(repeatable\)$/, ''),
  ];
  // A bar ends a cell, in code as well.
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** "all but plan" is shorter than eight names. */
function commandsOf(commands: readonly Command[]): string {
  const others = COMMANDS.filter((command) => !commands.includes(command));
  if (others.length === 0) return 'all';
  return others.length <= 3 ? `all but ${others.join(', ')}` : commands.join(', ');
}
