import { DESCRIPTIONS } from '../../agent/config/command-words.ts';
import { type Command, environmentName, type Option, yamlKey } from '../../agent/config/options.ts';
import { optionsOf } from './options-text.ts';

interface Edition {
  readonly version: string;
  /** "2026-11-28" */
  readonly date: string;
}

/** lastport(1), from the table that `--help` comes from. */
export function lastportPage(edition: Edition): string {
  const commands = Object.entries(DESCRIPTIONS) as [Command, string][];
  return page('LASTPORT', 1, edition, [
    ['NAME', 'lastport \\- warns before a host runs out of TCP ports'],
    ['SYNOPSIS', '.B lastport\n.I command\n.RI [ options ]'],
    [
      'DESCRIPTION',
      roff(
        'Lastport watches the TCP ports of a host: which destination takes them, how many are left, when the last one goes, whose they are and why. It reads what the kernel shows, takes no port itself where it can be avoided, and changes nothing.',
      ),
    ],
    ['COMMANDS', commands.map(([name, words]) => item(`.B ${name}`, roff(words))).join('\n')],
    [
      'OPTIONS',
      optionsOf()
        .map((option) => item(flagOf(option), `${meaning(option)}\n${roff(`Of ${option.commands.join(', ')}.`)}`))
        .join('\n'),
    ],
    [
      'ENVIRONMENT',
      roff(
        'Each option has a variable, its name in capitals after LASTPORT_, with dashes as underscores: LASTPORT_MAX_DESTINATIONS. Values of a list are separated by commas. A flag outweighs a variable, a variable the file. LASTPORT_PROBE=off keeps the probe out of a program. NO_COLOR leaves out colours.',
      ),
    ],
    [
      'EXIT STATUS',
      [
        item('.B 0', 'It is well; of \\fBcheck\\fR: healthy.'),
        item('.B 1', 'Of \\fBcheck\\fR: a warning. Of \\fBrun\\fR: it could not start.'),
        item('.B 2', 'Of \\fBcheck\\fR: critical.'),
        item('.B 3', 'There is no answer.'),
        item('.B 64', 'Something that was asked for cannot be: the line on stderr says what, and what would do.'),
      ].join('\n'),
    ],
    [
      'FILES',
      [
        item('.I /etc/lastport/lastport.yaml', 'Settings of the daemon.'),
        item('.I /etc/default/lastport', 'Its variables.'),
        item('.I /run/lastport/probe.sock', 'Where programs with the probe report to.'),
        item('.I /var/lib/lastport', 'Incidents.'),
      ].join('\n'),
    ],
    ['SEE ALSO', '.BR lastport.yaml (5),\n.BR tcp (7),\n.BR ss (8)'],
  ]);
}

/** lastport.yaml(5) */
export function yamlPage(edition: Edition): string {
  const options = optionsOf().filter(({ flag }) => flag !== 'config');
  return page('LASTPORT.YAML', 5, edition, [
    ['NAME', 'lastport.yaml \\- settings of lastport'],
    [
      'DESCRIPTION',
      roff(
        'The YAML file that --config or LASTPORT_CONFIG names. Each key is an option of lastport(1); a key with a dot stands in a group: alerts.labels is the key labels below alerts. A key that a command does not use is checked, and then ignored, so that one file serves them all. A list is a YAML list, or one value. On SIGHUP the daemon reads the file again; a mistake changes nothing, and the log tells its line and column.',
      ),
    ],
    [
      'KEYS',
      options
        .map((option) =>
          item(`.BR ${plainRoff(yamlKey(option))} ": ${plainRoff(option.takes ?? 'true|false')}"`, meaning(option)),
        )
        .join('\n'),
    ],
    ['EXAMPLE', `.EX\n${EXAMPLE}\n.EE`],
    ['SEE ALSO', '.BR lastport (1)'],
  ]);
}

const EXAMPLE = `listen: 127.0.0.1:9477
to: [api.example.com:443, 10.9.0.2:8080]
alertmanager: [http://am\\-1.example.com:9093]
alerts:
  labels: [cluster=eu\\-1, team=payments]`;

function page(name: string, section: number, { version, date }: Edition, parts: readonly [string, string][]): string {
  const head = `.TH ${name} ${section} ${date} "Lastport ${version}"`;
  return `${[head, ...parts.map(([title, text]) => `.SH ${title}\n${text}`)].join('\n')}\n`;
}

const item = (tag: string, text: string): string => `.TP\n${tag}\n${text}`;

function flagOf({ flag, takes }: Option): string {
  const name = plainRoff(`--${flag}`);
  return takes === null ? `.B ${name}` : `.BI ${name} " ${plainRoff(takes)}"`;
}

function meaning(option: Option): string {
  const { help, many, takes } = option;
  const told = takes === null || option.default === null ? '' : ` Default: ${option.default}.`;
  const variable = option.flag === 'config' ? ` Variable: ${environmentName(option)}.` : '';
  const list = many && !help.includes('(repeatable)') ? ' (repeatable)' : '';
  return roff(`${help[0]!.toUpperCase()}${help.slice(1)}${list}.${told}${variable}`);
}

/** A line that begins with a dot or an apostrophe would be a command. */
const roff = (text: string): string => plainRoff(text).replace(/^([.'])/gm, '\\&$1');

/** groff_char(7): a bare - is a hyphen, which nobody can paste, and ' and ^ and ~ are set as quotes and accents. */
function plainRoff(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/'/g, '\\(aq')
    .replace(/"/g, '\\(dq')
    .replace(/…/g, '...')
    .replace(/×/g, '\\(mu');
}
