import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isUnfinished, realFolder } from '../../../exporters/incidents/folder.ts';

const root = mkdtempSync(join(tmpdir(), 'lastport-folder-'));
after(() => rmSync(root, { recursive: true }));
let made = 0;
const fresh = () => join(root, String(made++));
const bytes = (text: string) => Buffer.from(text);
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('realFolder', () => {
  it('makes folders and files that nobody else may read', async () => {
    const path = join(fresh(), 'incidents');
    const folder = realFolder(path);
    await folder.replace('a', bytes('one'));
    assert.deepEqual([mode(join(path, '..')), mode(path), mode(join(path, 'a'))], ['700', '700', '600']);
  });

  it('replaces a file whole, and leaves nothing else behind', async () => {
    const path = fresh();
    const folder = realFolder(path);
    await folder.replace('a', bytes('a long one'));
    const before = statSync(join(path, 'a')).ino;
    await folder.replace('a', bytes('short'));
    assert.equal(readFileSync(join(path, 'a'), 'utf8'), 'short');
    assert.notEqual(statSync(join(path, 'a')).ino, before, 'not written over: a reader has the old one or the new one');
    assert.deepEqual(readdirSync(path), ['a']);
  });

  it('is one whole file at any moment, whenever the writer is killed', { timeout: 60_000 }, async () => {
    const path = fresh();
    // Big enough for a kill to come in the middle of it.
    const program = `
      const { realFolder } = await import(${JSON.stringify(new URL('../../../exporters/incidents/folder.js', import.meta.url).href)});
      for (let round = 0; ; round = (round + 1) % 250) {
        await realFolder(process.argv[1]).replace('a', Buffer.alloc(4 << 20, round));
        if (round === 3) console.log('written');
      }`;
    for (let kill = 0; kill < 3; kill++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout!, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const found = readFileSync(join(path, 'a'));
      assert.equal(found.length, 4 << 20);
      assert.ok(found.equals(Buffer.alloc(4 << 20, found[0])), 'all of one round');
    }
  });

  it('leaves the old file where the new one cannot be put', async () => {
    const path = fresh();
    mkdirSync(join(path, 'a', 'full'), { recursive: true });
    await assert.rejects(realFolder(path).replace('a', bytes('x')), { code: /EISDIR|ENOTEMPTY|EEXIST/ });
    assert.deepEqual(readdirSync(path), ['a']);
  });

  it('takes what a crash left unfinished out of the way, and follows no link in its place', async () => {
    const path = fresh();
    mkdirSync(path);
    const elsewhere = join(root, 'elsewhere');
    writeFileSync(elsewhere, 'precious');
    symlinkSync(elsewhere, join(path, '.a.tmp'));
    await realFolder(path).replace('a', bytes('x'));
    assert.equal(readFileSync(elsewhere, 'utf8'), 'precious');
    assert.equal(readFileSync(join(path, 'a'), 'utf8'), 'x');
    assert.ok(isUnfinished('.a.tmp') && !isUnfinished('a'));
  });

  it('lists files in order, no folders; and nothing where there is no folder', async () => {
    const path = fresh();
    const folder = realFolder(path);
    assert.deepEqual(await folder.list(), []);
    await folder.replace('b', bytes('22'));
    await folder.replace('a', bytes('1'));
    mkdirSync(join(path, 'c'));
    assert.deepEqual(
      (await folder.list()).map(({ name, bytes: size }) => [name, size]),
      [
        ['a', 1],
        ['b', 2],
      ],
    );
    assert.ok(Math.abs((await folder.list())[0]!.changedAt - statSync(join(path, 'a')).mtimeMs) < 1);
  });

  it('reads no more than it is told to', async () => {
    const folder = realFolder(fresh());
    await folder.replace('a', bytes('12345'));
    assert.equal(Buffer.from(await folder.read('a', 5)).toString(), '12345');
    await assert.rejects(folder.read('a', 4), /has 5 bytes, more than 4/);
    await assert.rejects(folder.read('b', 4), { code: 'ENOENT' });
  });

  it('removes what is there, and does not mind what is not', async () => {
    const folder = realFolder(fresh());
    await folder.replace('a', bytes('1'));
    await folder.remove('a');
    await folder.remove('a');
    assert.deepEqual(await folder.list(), []);
  });

  it('tells why it cannot', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    await assert.rejects(realFolder(join(file, 'incidents')).replace('a', bytes('x')), { code: 'ENOTDIR' });
    await assert.rejects(realFolder(join(file, 'incidents')).list(), { code: 'ENOTDIR' });
  });

  it('may not look into what is not its own', { skip: process.getuid?.() === 0 ? 'root may' : false }, async () => {
    const path = fresh();
    mkdirSync(path);
    chmodSync(path, 0);
    await assert.rejects(realFolder(path).list(), { code: 'EACCES' });
    chmodSync(path, 0o700);
  });
});
