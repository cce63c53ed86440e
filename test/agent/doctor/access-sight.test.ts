import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseListen } from '../../../agent/config/option-values.ts';
import { accessSight, isOpen } from '../../../agent/doctor/access-sight.ts';

const folder = mkdtempSync(join(tmpdir(), 'lastport-access-'));
after(() => rmSync(folder, { recursive: true }));
const file = (text: string) => {
  const path = join(folder, 'web.yml');
  writeFileSync(path, text);
  return path;
};
const USERS = `basic_auth_users: {a: $2y$10$${'x'.repeat(53)}}`;

describe('accessSight', () => {
  for (const [listen, text, seen, found] of [
    ['127.0.0.1:9477', null, 'yes', '127.0.0.1:9477, which only this host reaches'],
    ['[::1]:9477', null, 'yes', '[::1]:9477, which only this host reaches'],
    ['unix:/run/x.sock', null, 'yes', 'unix:/run/x.sock, which only this host reaches'],
    ['0.0.0.0:9477', null, 'partly', '0.0.0.0:9477 without authentication'],
    ['[::]:9477', '', 'partly', '[::]:9477 without authentication'],
    ['10.0.0.1:9477', 'rate_limit: {interval: 1s, burst: 2}', 'partly', '10.0.0.1:9477 without authentication'],
    ['10.0.0.1:9477', USERS, 'yes', '10.0.0.1:9477 with passwords, no TLS'],
  ] as const) {
    it(`${listen} with ${text}: ${seen}`, async () => {
      const sight = await accessSight({ listen: parseListen(listen), webConfig: text === null ? null : file(text) });
      assert.deepEqual([sight.seen, sight.found, sight.costs === null], [seen, found, seen === 'yes']);
    });
  }

  it('tells what is wrong with the file', async () => {
    const sight = await accessSight({ listen: parseListen('127.0.0.1:1'), webConfig: file('x: 1') });
    assert.equal(sight.seen, 'no');
    assert.match(sight.found, /web\.yml:1:1: x: unknown key/);
  });
});

describe('isOpen', () => {
  it('is true of what others may reach', () => {
    assert.deepEqual(
      ['127.0.0.1:1', '127.1.2.3:1', '[::1]:1', 'unix:/x', '0.0.0.0:1', '[::]:1', '[fe80::1%eth0]:1'].map((text) =>
        isOpen(parseListen(text)),
      ),
      [false, false, false, false, true, true, true],
    );
  });
});
