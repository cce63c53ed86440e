import { suggestion } from './nearest.ts';
import { plain, quote } from './option-values.ts';
import { type Command, environmentName, FIELDS, type Field, OPTIONS } from './options.ts';

/** One value as found, or what is wrong there. `place` is for people: "--tick", "/etc/lastport.yaml:3:7: tick". */
export type Given =
  | { readonly place: string; readonly field: Field; readonly text: string }
  | { readonly place: string; readonly problem: string };

/** What yargs adds of its own, and what main.ts reads itself. */
const NOT_OPTIONS: ReadonlySet<string> = new Set(['_', '$0', 'help', 'version']);

/** What yargs' argv gives, where defaults were not filled in. */
export function fromFlags(argv: Readonly<Record<string, unknown>>, command: Command): Given[] {
  const given: Given[] = [];
  for (const [flag, value] of Object.entries(argv)) {
    // Unless told not to, yargs adds a camelCase twin of every kebab-case flag, known or not.
    const twin = flag.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (NOT_OPTIONS.has(flag) || value === undefined || (twin !== flag && twin in argv)) continue;
    given.push(...fromFlag(flag, value, command));
  }
  return given;
}

function fromFlag(flag: string, value: unknown, command: Command): Given[] {
  const place = plain(flag.length === 1 ? `-${flag}` : `--${flag}`);
  const field = FIELDS.find((known) => OPTIONS[known].flag === flag);
  if (field === undefined || !OPTIONS[field].commands.includes(command)) {
    return [{ place, problem: notAFlag(place, command, field) }];
  }
  const { takes, many } = OPTIONS[field];
  const texts = Array.isArray(value) ? value : [value];
  // "--no-tick" is false to yargs, "--tick.x 1" an object.
  if (!texts.every((text) => typeof text === (takes === null ? 'boolean' : 'string'))) {
    return [{ place, problem: takes === null ? 'takes no value' : `needs a value; use ${place} ${takes}` }];
  }
  if (!many && texts.length > 1) {
    return [{ place, problem: `given twice (${texts.map(quote).join(', ')}); give it once` }];
  }
  return texts.map((text) => ({ place, field, text: String(text) }));
}

function notAFlag(place: string, command: Command, field: Field | undefined): string {
  if (field !== undefined) return `not an option of ${command}; it belongs to ${OPTIONS[field].commands.join(' and ')}`;
  const known = FIELDS.filter((one) => OPTIONS[one].commands.includes(command)).map((one) => `--${OPTIONS[one].flag}`);
  return `unknown option${suggestion(place, known) || `; see lastport ${command} --help`}`;
}

/** Ours, but read elsewhere: the probe's switch lives in other people's processes. */
const NOT_FOR_US: ReadonlySet<string> = new Set(['LASTPORT_PROBE']);

/**
 * What LASTPORT_… variables give. An empty one counts as not given: that is how systemd's environment files and
 * containers unset one. An unknown one is a warning: it may belong to a newer version that shares the file.
 */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): {
  readonly given: readonly Given[];
  readonly warnings: readonly string[];
} {
  const given: Given[] = [];
  const warnings: string[] = [];
  const fields = new Map(FIELDS.map((field) => [environmentName(OPTIONS[field]), field]));
  for (const [place, text] of Object.entries(env)) {
    const field = fields.get(place);
    if (field === undefined) {
      const stray = place.startsWith('LASTPORT_') && !NOT_FOR_US.has(place);
      if (stray) warnings.push(`${plain(place)}: unknown variable, ignored${suggestion(place, fields.keys())}`);
    } else if (text !== undefined && text !== '') {
      const texts = OPTIONS[field].many ? text.split(',') : [text];
      for (const one of texts) given.push({ place, field, text: one.trim() });
    }
  }
  return { given, warnings };
}
