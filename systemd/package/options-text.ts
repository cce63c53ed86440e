import { type Command, environmentName, FIELDS, OPTIONS, type Option, yamlKey } from '../../agent/config/options.ts';

/** Options of one or of all commands, in the order of the one table. */
export const optionsOf = (command?: Command): Option[] =>
  FIELDS.map((field): Option => OPTIONS[field]).filter(
    ({ commands }) => command === undefined || commands.includes(command),
  );

const WIDTH = 100;

/**
 * /etc/lastport/lastport.yaml: every option of the daemon with what it does, commented out at its default, or with the
 * shape of its value where it has none.
 */
export function commentedYaml(): string {
  const options = optionsOf('run').filter(({ flag }) => flag !== 'config');
  const groupOf = (option: Option) => /^(.+)\./.exec(yamlKey(option))?.[1];
  const flat = options.filter((option) => groupOf(option) === undefined);
  const names = new Set(options.flatMap((option) => groupOf(option) ?? []));
  const groups = [...names].map((name) => [
    `#${name}:`,
    ...options.filter((option) => groupOf(option) === name).flatMap((one) => entry(one, '#  ')),
  ]);
  const header = [
    '# Settings of the daemon, lastport.yaml(5). What begins with # is the default, or the shape of a value.',
    '# "systemctl reload lastport" reads this again; a mistake changes nothing and is told in the log.',
    '# A file that holds secrets belongs to root and the group lastport, mode 0640.',
  ];
  return [header, ...flat.map((one) => entry(one, '#')), ...groups]
    .map((lines) => lines.join('\n'))
    .join('\n\n')
    .concat('\n');
}

function entry(option: Option, prefix: string): string[] {
  const key = yamlKey(option).split('.').at(-1)!;
  // Still a comment where the # before a group's keys is taken away.
  const aside = prefix === '#' ? '# ' : `${prefix}# `;
  const help = wrap(option.help, WIDTH - aside.length).map((line) => `${aside}${line}`);
  const shown = option.default ?? option.takes ?? 'true';
  const value = /^[\w./%-]+(:[\w./-]+)*$/.test(shown) ? shown : JSON.stringify(shown);
  return [...help, `${prefix}${key}: ${option.many ? `[${value}]` : value}`];
}

/** /etc/default/lastport: what systemd gives the daemon. The file is named here, so that one can see that it is read. */
export function environmentFile(): string {
  const names = optionsOf('run')
    .filter((option) => option.default !== null && option.takes !== null)
    .map((option) => `#${environmentName(option)}=${option.default}`);
  return [
    '# Variables for the daemon; each outweighs its key in the file below. Commented out: the defaults.',
    'LASTPORT_CONFIG=/etc/lastport/lastport.yaml',
    ...names,
    '',
  ].join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
