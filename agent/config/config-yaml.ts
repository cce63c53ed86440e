import { array, optional, safeParse, strictObject, string, union } from 'valibot';
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, type Scalar, visit, type YAMLMap } from 'yaml';
import type { Given } from './given.ts';
import { suggestion } from './nearest.ts';
import { plain } from './option-values.ts';
import { FIELDS, type Field, OPTIONS, yamlKey } from './options.ts';
import { EXAMPLE, readDocument } from './yaml-document.ts';

/** What the text of a YAML file gives, in file order, problems included, each with line and column. Never throws. */
export function parseConfig(path: string, text: string): readonly Given[] {
  const lines = new LineCounter();
  const document = readDocument(text, lines);
  const found: readonly Found[] = 'problem' in document ? [document] : contents(document);
  return found
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, key, ...rest }) => {
      const { line, col } = lines.linePos(offset);
      return { ...rest, place: `${path}:${line}:${col}${key === undefined ? '' : `: ${plain(key)}`}` };
    });
}

/** A Given whose place is still an offset. */
export type Found = { readonly offset: number; readonly key?: string } & (
  | { readonly field: Field; readonly text: string }
  | { readonly problem: string }
);

/** Each step needs what the one before has ruled out. */
function contents(document: Document.Parsed): Found[] {
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === '')) return [];
  if (!isMap<Node, Node>(root)) return [{ offset: start(root), problem: `not a mapping; ${EXAMPLE}` }];
  const odd = [...aliases(document), ...keyProblems(root)];
  if (odd.length > 0) return odd;
  const pairs = root.items.flatMap(({ key, value }) => inGroup(key as Scalar<string>, value));
  const inside = pairs.flatMap((pair) => ('problem' in pair ? [pair] : []));
  return inside.length > 0 ? inside : values(document, pairs as Pair[]);
}

/** "owners: {commandLine: true}" is the option "owners.commandLine". */
interface Pair {
  readonly name: string;
  readonly key: Node;
  readonly value: Node | null;
}

/** The groups that options are in. */
const groups = (): ReadonlySet<string> =>
  new Set(FIELDS.flatMap((field) => /^(.+)\./.exec(yamlKey(OPTIONS[field]))?.slice(1) ?? []));

function inGroup(key: Scalar<string>, value: Node | null): readonly (Pair | Found)[] {
  if (!groups().has(key.value)) return [{ name: key.value, key, value }];
  if (!isMap<Node, Node>(value)) {
    const known = FIELDS.map((field) => yamlKey(OPTIONS[field])).filter((name) => name.startsWith(`${key.value}.`));
    const problem = `a group of options; use ${known.map((name) => `${key.value}: {${name.slice(key.value.length + 1)}: …}`).join(', ')}`;
    return [{ offset: start(value ?? key), key: key.value, problem }];
  }
  const odd = keyProblems(value);
  if (odd.length > 0) return odd;
  return value.items.map((one) => {
    const inner = one.key as Scalar<string>;
    return { name: `${key.value}.${inner.value}`, key: inner, value: one.value };
  });
}

export const start = (node: Node | null | undefined): number => node?.range?.[0] ?? 0;

/** Ten flat options need no aliases, and without them there are no bombs. */
export function aliases(document: Document.Parsed): Found[] {
  const found: Found[] = [];
  visit(document, {
    Alias(_, alias) {
      found.push({ offset: start(alias), problem: `*${plain(alias.source)} is an alias; write the value itself` });
    },
  });
  return found;
}

export function keyProblems(root: YAMLMap<Node, Node>, example = EXAMPLE): Found[] {
  const seen = new Set<string>();
  const found: Found[] = [];
  for (const { key } of root.items) {
    if (!isScalar<string>(key)) {
      found.push({ offset: start(key), problem: `a key that is not plain text; ${example}` });
    } else if (seen.has(key.value)) {
      found.push({ offset: start(key), key: key.value, problem: 'given twice; give it once' });
    } else {
      seen.add(key.value);
    }
  }
  return found;
}

/** No unknown key; one text for an option, or a list of them where it may be repeated. */
function schema() {
  const one = string('one value is meant here; write it behind the key');
  const many = union([one, array(string())], 'values are meant here; write one, or a list of them');
  const entries = FIELDS.filter((field) => field !== 'configFile').map((field) => {
    const option = OPTIONS[field];
    return [yamlKey(option), optional(option.many ? many : one)] as const;
  });
  // Without a prototype, or "constructor" would pass for a known key.
  return strictObject(Object.assign(Object.create(null) as object, Object.fromEntries(entries)));
}

function values(document: Document.Parsed, all: readonly Pair[]): Found[] {
  const found: Found[] = [];
  const refused = new Set<string>();
  const pairs = new Map(all.map((pair) => [pair.name, pair]));
  const plain = Object.create(null) as Record<string, unknown>;
  for (const { name, value } of all) plain[name] = value === null ? null : value.toJS(document);
  for (const { path, message, expected } of safeParse(schema(), plain).issues ?? []) {
    const key = String(path?.[0].key);
    refused.add(key);
    const { key: name, value } = pairs.get(key) ?? {};
    const unknown = expected === 'never';
    found.push({ offset: start(unknown ? name : (value ?? name)), key, problem: unknown ? unknownKey(key) : message });
  }
  for (const field of FIELDS) {
    const key = yamlKey(OPTIONS[field]);
    const value = refused.has(key) ? null : pairs.get(key)?.value;
    const scalars = isSeq(value) ? value.items : [value];
    for (const scalar of scalars) {
      if (isScalar<string>(scalar)) found.push({ offset: start(scalar), key, field, text: scalar.value });
    }
  }
  return found;
}

function unknownKey(key: string): string {
  if (key === yamlKey(OPTIONS.configFile)) return 'a file names no other file; use --config or LASTPORT_CONFIG';
  const known = FIELDS.filter((field) => field !== 'configFile').map((field) => yamlKey(OPTIONS[field]));
  return `unknown key${suggestion(key, known) || `; use ${known.join(', ')}`}`;
}
