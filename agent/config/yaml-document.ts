import { Composer, type CST, type Document, Lexer, type LineCounter, Parser, type YAMLError } from 'yaml';

/** A problem with the text as YAML, and where it starts. */
export interface Fault {
  readonly offset: number;
  readonly problem: string;
}

/** Two levels are meant. yaml composes recursively, and near the end of its stack V8 aborts the whole process. */
const DEEPEST = 40;

export const EXAMPLE = 'write lines like "tick: 1s"';

/**
 * The one document of a text, or the first thing wrong with it as YAML. Scalars stay as they are written (schema
 * "failsafe"), so that `tick: 5` and `--tick 5` are refused alike. Fills in `lines`. Never throws.
 */
export function readDocument(text: string, lines: LineCounter, example = EXAMPLE): Document.Parsed | Fault {
  const tokens: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEEPEST) return { offset: parser.offset, problem: `nested too deeply; ${example}` };
  }
  tokens.push(...parser.end());
  // yaml's own search for duplicate keys takes quadratic time: minutes for a hostile megabyte.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false });
  const [document, second] = composer.compose(tokens, true, text.length) as Iterable<Document.Parsed>;
  const errors = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  if (errors.length > 0)
    return explain(
      errors.reduce((a, b) => (b.pos[0] < a.pos[0] ? b : a)),
      text,
      example,
    );
  return second === undefined
    ? (document as Document.Parsed)
    : { offset: second.range[0], problem: 'a second document; keep one' };
}

/** Of a message, which may quote the whole file. */
const LONGEST = 200;

/** yaml's messages serve, but for the one mistake that our own values invite. */
function explain({ message, pos: [offset] }: YAMLError, text: string, example: string): Fault {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] as string;
  if (/[\s,]\[[\da-f:.]{2,45}(%\w+)?\]:\d/i.test(line)) {
    return { offset, problem: 'an address in brackets needs quotes; write "[::1]:9477"' };
  }
  return { offset, problem: `${message.slice(0, LONGEST).replace(/[\s\p{C}]+/gu, ' ')}; ${example}` };
}
