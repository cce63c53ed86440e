import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { environmentName, FIELDS, OPTIONS } from '../../agent/config/options.ts';
import { root } from '../support/golden.ts';
import { needs } from '../support/needs.ts';

const unit = readFileSync(`${root}systemd/lastport.service`, 'utf8');

describe('lastport.service', () => {
  it('is a unit that systemd understands', { skip: needs('systemd-analyze') }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-unit-'));
    try {
      // The program is not installed here; any will do.
      const path = join(folder, 'lastport.service');
      writeFileSync(path, unit.replace('ExecStart=lastport', `ExecStart=${process.execPath}`));
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
      // It ends with 0 for keys that it does not know, and only says so.
      assert.equal(stderr, '');
      assert.equal(status, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the state directory', () => {
  it('is made by systemd for the service alone, where lastport looks for it', () => {
    assert.match(unit, /^StateDirectory=lastport$/m);
    assert.match(unit, /^StateDirectoryMode=0700$/m);
  });
});

describe('lastport.env', () => {
  it('names variables that there are', () => {
    const text = readFileSync(`${root}systemd/lastport.env`, 'utf8');
    const named = [...text.matchAll(/^#?(LASTPORT_\w+)=/gm)].map(([, name]) => name);
    const known = FIELDS.map((field) => environmentName(OPTIONS[field]));
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((name) => !known.includes(name ?? '')),
      [],
    );
  });
});
