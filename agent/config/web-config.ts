import {
  array,
  check,
  type InferOutput,
  type object,
  optional,
  picklist,
  pipe,
  record,
  regex,
  safeParse,
  strictObject,
  string,
} from 'valibot';
import { type Document, isMap, isScalar, LineCounter, type Node, visit, type YAMLMap } from 'yaml';
import { CLIENT_AUTH_TYPES } from '../../exporters/web/settings.ts';
import { aliases, type Found, keyProblems, start } from './config-yaml.ts';
import { suggestion } from './nearest.ts';
import { plain } from './option-values.ts';
import { CIPHERS, CURVES, TLS_VERSIONS } from './tls-names.ts';
import { UsageError } from './usage-error.ts';
import { readDocument } from './yaml-document.ts';

/**
 * The web configuration of the Prometheus exporters (exporter-toolkit, docs/web-configuration.md), so that one file serves
 * them all. Values are checked one by one here; what they mean together, and the files they name, in web-files.ts.
 */
const TEXT = string('one value is meant here; write it behind the key');
const TEXTS = array(TEXT, 'a list is meant here; write it as [one, another]');
const FLAG = picklist(['true', 'false'], 'neither true nor false');
const oneOf = (names: readonly string[]) => picklist(names, `not one of ${names.join(', ')}`);
const listOf = (names: readonly string[]) => array(oneOf(names), `a list is meant here; of ${names.join(', ')}`);

/** Of 2^cost rounds. At 15 one password takes five seconds; at 10, a twentieth of one. */
const HIGHEST_COST = 15;
const BCRYPT = /^\$2[aby]\$(0[4-9]|1\d|2\d|3[01])\$[./A-Za-z0-9]{53}$/;

// Never the text as found in the message: it may be a password.
const HASH = pipe(
  TEXT,
  regex(BCRYPT, 'not a bcrypt hash; make one with: htpasswd -nBC 10 ""'),
  check((hash) => costOf(hash) <= HIGHEST_COST, `takes too long to check; use a cost of 4 to ${HIGHEST_COST}, best 10`),
);

/** The rounds of a bcrypt hash, as a power of two. */
const costOf = (hash: string): number => Number(hash.slice(4, 6));

const HEADER = pipe(TEXT, regex(/^[\t\x20-\x7e]*$/, 'not the text of a header; use printable ASCII'));

const DURATION = /^(?:0|(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/;

const SCHEMA = strictObject({
  tls_server_config: optional(
    strictObject({
      cert: optional(TEXT),
      key: optional(TEXT),
      client_ca: optional(TEXT),
      cert_file: optional(TEXT),
      key_file: optional(TEXT),
      client_ca_file: optional(TEXT),
      // The old name of one, which the exporters still take.
      client_auth_type: optional(oneOf([...CLIENT_AUTH_TYPES, 'RequireClientCert'])),
      client_allowed_sans: optional(TEXTS),
      min_version: optional(oneOf(Object.keys(TLS_VERSIONS))),
      max_version: optional(oneOf(Object.keys(TLS_VERSIONS))),
      cipher_suites: optional(listOf(Object.keys(CIPHERS))),
      curve_preferences: optional(listOf(Object.keys(CURVES))),
      prefer_server_cipher_suites: optional(FLAG),
    }),
  ),
  http_server_config: optional(
    strictObject({
      http2: optional(FLAG),
      headers: optional(
        strictObject({
          'Content-Security-Policy': optional(HEADER),
          'X-Frame-Options': optional(oneOf(['deny', 'sameorigin', ''])),
          'X-Content-Type-Options': optional(oneOf(['nosniff', ''])),
          'X-XSS-Protection': optional(HEADER),
          'Strict-Transport-Security': optional(HEADER),
        }),
      ),
    }),
  ),
  basic_auth_users: optional(record(pipe(TEXT, regex(/^[^:\p{Cc}]+$/u, 'a user has no colon in its name')), HASH)),
  rate_limit: optional(
    strictObject({
      interval: optional(pipe(TEXT, regex(DURATION, 'not a duration; use 1s or 500ms, or 0 for no limit'))),
      burst: optional(pipe(TEXT, regex(/^\d{1,6}$/, 'not a whole number of requests'))),
    }),
  ),
});

const EXAMPLE = 'write lines like "basic_auth_users:", and below it "  prometheus: $2y$10$…"';

export type WebConfigValues = InferOutput<typeof SCHEMA>;

export interface WebConfig {
  readonly values: WebConfigValues;
  /** Where in the file a key is: "/etc/web.yml:3:14: tls_server_config.cert_file". */
  readonly place: (...path: readonly string[]) => string;
}

/** Throws a UsageError for the first thing wrong in the text: one line with file, line and column. */
export function parseWebConfig(file: string, text: string): WebConfig {
  const lines = new LineCounter();
  const at = (offset: number, path: readonly string[]) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}${path.length === 0 ? '' : `: ${path.map(plain).join('.')}`}`;
  };
  const document = readDocument(text, lines, EXAMPLE);
  if ('problem' in document) throw new UsageError(`${at(document.offset, [])}: ${discreet(document.problem)}`);
  const [odd] = oddities(document).toSorted((a, b) => a.offset - b.offset);
  if (odd !== undefined && 'problem' in odd) {
    throw new UsageError(`${at(odd.offset, odd.key === undefined ? [] : [odd.key])}: ${discreet(odd.problem)}`);
  }
  const place = (...path: readonly string[]) => at(start(nodeAt(document, path)), path);
  for (const path of GROUPS) {
    const node = groupAt(document, path);
    if (!isMap(node) && !isBlank(node)) throw new UsageError(`${place(...path)}: a group of keys is meant; ${EXAMPLE}`);
  }
  const { issues, output } = safeParse(SCHEMA, withoutBlanks(document));
  const [issue] = issues ?? [];
  if (issue !== undefined) {
    const path = (issue.path ?? []).map(({ key }) => String(key));
    if (issue.expected === 'never') {
      const known = knownKeys(path.slice(0, -1));
      const problem = `unknown key${suggestion(path.at(-1) as string, known) || `; use ${known.join(', ')}`}`;
      throw new UsageError(`${at(start(keyAt(document, path)), path)}: ${problem}`);
    }
    throw new UsageError(`${place(...path)}: ${issue.message}`);
  }
  return { values: output as WebConfigValues, place };
}

/** "Unresolved tag: !secret" → "Unresolved tag: …": a password that YAML takes for one of its own signs. */
const discreet = (problem: string): string => problem.replace(/(?<=^|\s)[!%*&|>@][^\s;]*/g, '…');

function oddities(document: Document.Parsed): readonly Found[] {
  const found: Found[] = [...aliases(document)];
  visit(document, {
    Map(_, map) {
      found.push(...keyProblems(map as YAMLMap<Node, Node>, EXAMPLE));
    },
  });
  return found;
}

/** Those that have keys, the outer ones first. */
const GROUPS: readonly (readonly string[])[] = [
  [],
  ['tls_server_config'],
  ['http_server_config'],
  ['http_server_config', 'headers'],
  ['basic_auth_users'],
  ['rate_limit'],
];

const groupAt = (document: Document.Parsed, path: readonly string[]): unknown =>
  path.length === 0 ? document.contents : document.getIn(path, true);

/** A key with nothing behind it. */
const isBlank = (node: unknown): boolean =>
  node === null || node === undefined || (isScalar(node) && node.value === '');

/** As plain data; a group without anything in it is one that is not there. */
function withoutBlanks(document: Document.Parsed): unknown {
  if (isBlank(document.contents)) return {};
  for (const path of GROUPS.slice(1)) {
    if (document.hasIn(path) && isBlank(groupAt(document, path))) document.deleteIn(path);
  }
  return document.toJS();
}

function nodeAt(document: Document.Parsed, path: readonly string[]): Node | null {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (node !== undefined && node !== null) return node as Node;
  }
  return document.contents;
}

function keyAt(document: Document.Parsed, path: readonly string[]): Node | null {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap<Node, Node>(parent)) return null;
  return parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))?.key ?? null;
}

/** The keys of a group of the schema. */
function knownKeys(path: readonly string[]): string[] {
  let group: unknown = SCHEMA;
  for (const key of path) {
    const inner = (group as { entries: Record<string, unknown> }).entries[key];
    group = (inner as { wrapped?: unknown }).wrapped ?? inner;
  }
  return Object.keys((group as ReturnType<typeof object>).entries);
}
