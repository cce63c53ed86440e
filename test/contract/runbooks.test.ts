import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FIELDS, OPTIONS } from '../../agent/config/options.ts';
import { ALERT_NAMES } from '../../agent/model/alert.ts';
import { root } from '../support/golden.ts';

/** What somebody who is woken up wants to know, in this order. */
const PARTS = ['It means', 'How urgent', 'Look', 'Usually it is', 'Now', 'For good', 'It is wrong when'];

describe('docs/alerts.md', () => {
  const text = readFileSync(`${root}docs/alerts.md`, 'utf8');
  const chapters = new Map(text.split(/^### /m).map((chapter) => [chapter.split('\n')[0], chapter]));

  for (const name of ALERT_NAMES) {
    it(`has a runbook of ${name}, where its runbook_url leads`, () => {
      const chapter = chapters.get(name) ?? '';
      const found = [...chapter.matchAll(/^\*\*([^*]+):\*\*/gm)].map(([, part]) => part);
      assert.deepEqual(found, PARTS);
      assert.ok(text.includes(`[\`${name}\`](#${name.toLowerCase()})`), 'the table leads there');
    });
  }

  it('names no option that there is not', () => {
    const flags = FIELDS.map((field) => `--${OPTIONS[field].flag}`);
    const ours = [...text.matchAll(/`(--[a-z-]+)/g), ...text.matchAll(/lastport [a-z]+ (--[a-z-]+)/g)];
    assert.deepEqual(
      ours.map(([, flag]) => flag).filter((flag) => !flags.includes(flag!)),
      [],
    );
  });
});
