import { type ReadFile, readConfigFile } from './config-file.ts';
import { fromEnvironment, fromFlags, type Given } from './given.ts';
import { quote } from './option-values.ts';
import { type Command, type Config, environmentName, FIELDS, type Field, OPTIONS, type Option } from './options.ts';
import { UsageError } from './usage-error.ts';

export { type Command, type Config, optionsFor } from './options.ts';
export { UsageError } from './usage-error.ts';

export interface ConfigSources {
  readonly command: Command;
  /** yargs' argv, without defaults filled in. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
}

/**
 * flags > environment > file > default, each option as a whole: lists are replaced, not joined. All that is given is
 * validated, whether this command uses it or not, so that one file can serve all commands. Throws a UsageError for the
 * first thing wrong; warnings are lines for the log.
 */
export async function loadConfig(sources: ConfigSources): Promise<{ config: Config; warnings: readonly string[] }> {
  const { command } = sources;
  const environment = fromEnvironment(sources.env);
  const flags = parse(fromFlags(sources.flags, command), command);
  const own: Values = { ...parse(environment.given, command), ...flags };
  let file: Values = {};
  if (typeof own.configFile === 'string') {
    const place = 'configFile' in flags ? `--${OPTIONS.configFile.flag}` : environmentName(OPTIONS.configFile);
    file = parse(await readConfigFile(own.configFile, place, sources.readFile), command);
  }
  return { config: freeze({ ...defaults(command), ...file, ...own } as Config), warnings: environment.warnings };
}

/** Parsed values by field; the parsers saw to their types. */
type Values = { [field in Field]?: unknown };

function parse(source: readonly Given[], command: Command): Values {
  const values: Values = {};
  for (const given of source) {
    if ('problem' in given) throw new UsageError(`${given.place}: ${given.problem}`);
    const { field, place, text } = given;
    const option: Option = OPTIONS[field];
    try {
      if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
        throw new RangeError(`${(option.quote ?? quote)(text)} has a control character; leave it out`);
      const value = option.parse(text, command);
      values[field] = option.many ? append(option, values[field] as unknown[] | undefined, value) : value;
    } catch (error) {
      throw new UsageError(`${place}: ${(error as Error).message}`, { cause: error });
    }
  }
  return values;
}

/** Nobody reads a report of a thousand destinations. */
const LONGEST_LIST = 1000;

function append({ known }: Pick<Option, 'known'>, list: unknown[] = [], value: unknown): unknown[] {
  const name = known?.(value as never);
  if (name !== undefined && list.some((one) => known?.(one as never) === name)) {
    throw new RangeError(`${quote(name)} is there already; give each a name of its own, name=…`);
  }
  if (list.push(value) > LONGEST_LIST) throw new RangeError(`more than ${LONGEST_LIST} values; give fewer`);
  return list;
}

/** Defaults are written as a user would write them, and go the same way. */
function defaults(command: Command): Values {
  const values: Values = {};
  for (const field of FIELDS) {
    const option = OPTIONS[field];
    const none = option.many ? [] : null;
    values[field] = option.default === null ? none : option.parse(option.default, command);
  }
  return values;
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
