import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { COMMANDS } from '../../../agent/config/options.ts';
import { lastportPage, yamlPage } from '../../../systemd/package/man-pages.ts';
import { optionsOf } from '../../../systemd/package/options-text.ts';
import { needs } from '../../support/needs.ts';

const EDITION = { version: '1.2.3', date: '2026-11-28' };
const PAGES = { 'lastport(1)': lastportPage(EDITION), 'lastport.yaml(5)': yamlPage(EDITION) };

for (const [name, page] of Object.entries(PAGES)) {
  describe(name, () => {
    it('is set by groff without a warning', { skip: needs('groff') }, () => {
      const args = ['-man', '-Tutf8', '-ww', '-z'];
      const { status, stderr } = spawnSync('groff', args, { input: page, encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
    });

    it('begins with what whatis(1) reads', () => {
      assert.match(page, /^\.TH \S+ [15] 2026-11-28 "Lastport 1\.2\.3"\n\.SH NAME\nlastport\S* \\- \S/);
    });
  });
}

describe('lastport(1)', () => {
  it('has every command and every option', () => {
    for (const command of COMMANDS) assert.match(PAGES['lastport(1)'], new RegExp(`^\\.B ${command}$`, 'm'));
    for (const { flag } of optionsOf()) {
      const written = `--${flag}`.replaceAll('-', '\\\\-');
      assert.match(PAGES['lastport(1)'], new RegExp(`^\\.BI? ${written}(?: |$)`, 'm'));
    }
  });
});
