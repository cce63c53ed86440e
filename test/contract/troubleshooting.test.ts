import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { root } from '../support/golden.ts';
import { sourcesOf } from '../support/imports.ts';

/** What is not text in a message: "${place}" in the source, "…" on the page. */
const HOLES = /\$\{[^}]*\}|…/;

describe('docs/troubleshooting.md', () => {
  const page = readFileSync(`${root}docs/troubleshooting.md`, 'utf8');
  // Quotes within a text may be escaped there.
  const sources = [...sourcesOf(root).values()].join('\n').replaceAll("\\'", "'");
  const said = [...page.matchAll(/\*says:\* `([^`]+)`/gi)].map(([, message]) => message!);

  it('quotes what the program says', () => assert.ok(said.length > 15));

  for (const message of said) {
    it(`quotes "${message}" as it is in the source`, () => {
      for (const part of message.split(HOLES).map((text) => text.trim())) {
        assert.ok(part === '' || sources.includes(part), `"${part}" is nowhere`);
      }
    });
  }
});
