import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WebAccess } from '../../agent/web-access.ts';
import { makeCertificates } from '../support/certificates.ts';
import { needs } from '../support/needs.ts';

const hash = (letter: string) => `$2y$10$${letter.repeat(53)}`;
const users = (letter: string) => `basic_auth_users: {prometheus: ${hash(letter)}}\n`;

describe('WebAccess', () => {
  let folder: string;
  let path: string;
  let now: number;
  let told: (string | null)[];
  const open = () => new WebAccess(path, { monotonic: () => now, onChange: (problem) => told.push(problem) });
  const hashNow = (access: WebAccess) => access.current().users.get('prometheus');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lastport-web-'));
    path = join(folder, 'web.yml');
    now = 0;
    told = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('takes a change of the file, a second later at most', () => {
    writeFileSync(path, users('a'));
    const access = open();
    assert.equal(hashNow(access), hash('a'));
    writeFileSync(path, users('b'));
    now = 999;
    assert.equal(hashNow(access), hash('a'));
    now = 1000;
    assert.equal(hashNow(access), hash('b'));
    writeFileSync(path, users('c'));
    access.look();
    assert.equal(hashNow(access), hash('c'));
    assert.deepEqual(told, [null, null]);
  });

  it('is the same object as long as nothing changes', () => {
    writeFileSync(path, users('a'));
    const access = open();
    const before = access.current();
    now = 5000;
    assert.equal(access.current(), before);
  });

  it('keeps what was good, says once what is bad, and takes what is good again', () => {
    writeFileSync(path, users('a'));
    const access = open();
    const bad = () => {
      now += 1000;
      return [hashNow(access), access.isCurrent];
    };
    writeFileSync(path, 'basic_auth_users: {prometheus: secret}\n');
    assert.deepEqual(bad(), [hash('a'), false]);
    assert.deepEqual(bad(), [hash('a'), false]);
    writeFileSync(path, 'basic_auth_users: {prometheus: hidden}\n');
    assert.deepEqual(bad(), [hash('a'), false]);
    assert.equal(told.length, 1, 'the same problem of another text');
    rmSync(path);
    assert.deepEqual(bad(), [hash('a'), false]);
    assert.deepEqual(bad(), [hash('a'), false]);
    assert.equal(told.length, 2);
    assert.match(String(told[0]), /web\.yml:1:32: basic_auth_users\.prometheus: not a bcrypt hash/);
    assert.match(String(told[1]), /no such file/);
    writeFileSync(path, users('b'));
    assert.deepEqual(bad(), [hash('b'), true]);
    assert.equal(told.at(-1), null);
  });

  it('refuses at the start what is bad', () => {
    writeFileSync(path, 'nonsense: 1\n');
    assert.throws(open, { name: 'UsageError', message: new RegExp(`^${path}:1:1: nonsense: unknown key`) });
    assert.throws(
      () => new WebAccess(`${folder}/none`, { monotonic: () => 0, onChange: () => undefined }),
      /no such file/,
    );
  });

  it('does not read without end', () => {
    writeFileSync(path, users('a'));
    symlinkSync('/dev/zero', join(folder, 'zero'));
    assert.throws(
      () => new WebAccess(join(folder, 'zero'), { monotonic: () => 0, onChange: () => undefined }),
      /1 MiB/,
    );
  });

  describe('certificates', { skip: needs('openssl') }, () => {
    const { good, elsewhere } = makeCertificates();
    const write = (into: string, { cert, key }: typeof good) => {
      mkdirSync(into, { recursive: true });
      writeFileSync(join(into, 'tls.crt'), cert);
      writeFileSync(join(into, 'tls.key'), key);
      chmodSync(join(into, 'tls.key'), 0o600);
    };
    const tls = 'tls_server_config: {cert_file: now/tls.crt, key_file: now/tls.key}\n';
    const look = (access: WebAccess) => {
      now += 1000;
      return access.current().tls?.context.cert;
    };

    it('are taken when they change, each file for itself: between the two the old pair serves', () => {
      write(join(folder, 'now'), good);
      writeFileSync(path, tls);
      const access = open();
      assert.ok((access.expiresAt ?? 0) > Date.now());
      writeFileSync(join(folder, 'now/tls.crt'), elsewhere.cert);
      assert.equal(look(access), good.cert);
      assert.match(String(told[0]), /key_file: not the key of the certificate/);
      writeFileSync(join(folder, 'now/tls.key'), elsewhere.key);
      assert.equal(look(access), elsewhere.cert);
      assert.equal(access.isCurrent, true);
    });

    it('are taken when a symbolic link to their folder is replaced, as Kubernetes does', () => {
      write(join(folder, 'one'), good);
      write(join(folder, 'two'), elsewhere);
      symlinkSync('one', join(folder, 'now'));
      writeFileSync(path, tls);
      const access = open();
      symlinkSync('two', join(folder, 'new'));
      renameSync(join(folder, 'new'), join(folder, 'now'));
      assert.equal(look(access), elsewhere.cert);
    });

    it('that are missing at first are looked for again', () => {
      write(join(folder, 'now'), good);
      writeFileSync(path, tls);
      const access = open();
      writeFileSync(path, tls.replaceAll('now/', 'later/'));
      assert.equal(look(access), good.cert);
      write(join(folder, 'later'), elsewhere);
      assert.equal(look(access), elsewhere.cert);
    });

    it('do not come or go without a restart', () => {
      write(join(folder, 'now'), good);
      writeFileSync(path, tls);
      const access = open();
      writeFileSync(path, users('a'));
      assert.equal(look(access), good.cert);
      assert.match(String(told[0]), /TLS is switched on and off by a restart only/);
    });
  });
});
