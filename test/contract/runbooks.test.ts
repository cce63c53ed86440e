import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FIELDS, OPTIONS } from '../../agent/config/options.ts';
import { DEFAULT_THRESHOLDS } from '../../agent/correlate/alert-conditions.ts';
import { ALERT_NAMES } from '../../agent/model/alert.ts';
import { prometheusRules } from '../../exporters/rules/rules.ts';
import { root } from '../support/golden.ts';
import { ruleOptions } from '../support/rule-options.ts';

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

  it('has a place for every runbook_url that lastport rules prints', () => {
    const thresholds = { ...DEFAULT_THRESHOLDS, conntrackRatio: 0.8, timeWaitTableRatio: 0.95 };
    const rules = prometheusRules(ruleOptions({ thresholds, hasNat: true }));
    const urls = new Set([...rules.matchAll(/runbook_url: (.+)/g)].map(([, url]) => url));
    const places = [...chapters.keys()].map((name) => `docs/alerts.md#${name?.toLowerCase()}`);
    assert.equal(urls.size, ALERT_NAMES.length);
    assert.deepEqual(
      [...urls].filter((url) => !places.includes(url!)),
      [],
    );
  });

  it('names no option that there is not', () => {
    const flags = FIELDS.map((field) => `--${OPTIONS[field].flag}`);
    const ours = [...text.matchAll(/`(--[a-z-]+)/g), ...text.matchAll(/lastport [a-z]+ (--[a-z-]+)/g)];
    assert.deepEqual(
      ours.map(([, flag]) => flag).filter((flag) => !flags.includes(flag!)),
      [],
    );
  });
});
