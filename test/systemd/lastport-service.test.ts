import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { environmentName, FIELDS, OPTIONS } from '../../agent/config/options.ts';
import { root } from '../support/golden.ts';
import { needs } from '../support/needs.ts';

const unit = readFileSync(`${root}systemd/lastport.service`, 'utf8');

/** The drop-ins of each level, and the exposure that `systemd-analyze security` may find at most. */
const LEVELS = [
  { dropIns: [], exposure: 1.6 },
  { dropIns: ['full.conf'], exposure: 2.6 },
  { dropIns: ['trace.conf'], exposure: 2.6 },
  { dropIns: ['full.conf', 'trace.conf'], exposure: 2.8 },
];

/** Where systemd would have it, in a folder of its own: the unit with its drop-ins. */
function installed(dropIns: readonly string[]): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-unit-'));
  const path = join(folder, 'lastport.service');
  // The program is not installed here; any will do.
  writeFileSync(path, unit.replace('ExecStart=lastport', `ExecStart=${process.execPath}`));
  mkdirSync(`${path}.d`);
  for (const name of dropIns) copyFileSync(`${root}systemd/${name}`, join(`${path}.d`, name));
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

describe('lastport.service', { skip: needs('systemd-analyze') }, () => {
  for (const { dropIns, exposure } of LEVELS) {
    it(`${['', ...dropIns].join(' with ')} is understood by systemd, and exposed to ${exposure} of 10 at most`, () => {
      const { path, remove } = installed(dropIns);
      try {
        const verify = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
        // It ends with 0 for keys that it does not know, and only says so.
        assert.equal(verify.stderr, '');
        assert.equal(verify.status, 0);
        const security = spawnSync('systemd-analyze', ['security', '--offline=true', path], { encoding: 'utf8' });
        const found = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout)?.[1]);
        assert.ok(found <= exposure, `${found}\n${security.stdout}`);
      } finally {
        remove();
      }
    });
  }

  it('has the drop-ins that it speaks of', () => {
    const named = [...unit.matchAll(/\b(\w+\.conf)\b/g)].map(([, name]) => name);
    assert.deepEqual(
      [...new Set(named)].sort(),
      readdirSync(`${root}systemd`).filter((name) => name.endsWith('.conf')),
    );
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
