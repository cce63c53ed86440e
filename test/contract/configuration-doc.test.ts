import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FIELDS, OPTIONS } from '../../agent/config/options.ts';
import { withOptions } from '../support/configuration-doc.ts';
import { matchesFile, root } from '../support/golden.ts';

const PAGE = 'docs/configuration.md';
const page = readFileSync(`${root}${PAGE}`, 'utf8');

describe(PAGE, () => {
  it('has the options as the program has them', () => matchesFile(PAGE, withOptions(page)));

  it('has a row for every option, six cells each', () => {
    const rows = withOptions(page)
      .split('\n')
      .filter((line) => line.startsWith('| `--'));
    assert.equal(rows.length, FIELDS.length);
    for (const row of rows) assert.equal(row.split(/(?<!\\)\|/).length, 8, row);
  });

  it('is stale when an option changes', () => {
    const { default: usual } = OPTIONS.tickMs;
    assert.notEqual(withOptions(page.replace(`\`${usual}\``, '`5s`')), page.replace(`\`${usual}\``, '`5s`'));
  });
});
