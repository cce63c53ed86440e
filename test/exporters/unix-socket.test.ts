import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { listenUnix } from '../../exporters/unix-socket.ts';

describe('listenUnix', () => {
  let folder: string;
  let path: string;
  const servers: ReturnType<typeof createServer>[] = [];
  const listen = (mode: number | null = 0o660, at = path) => {
    const server = createServer((socket) => socket.on('error', () => socket.destroy()).end('hello'));
    servers.push(server);
    return listenUnix(server, { path: at, mode, group: null });
  };
  const hello = async () => {
    const socket = connect(path);
    const [text] = await once(socket, 'data');
    return String(text);
  };
  /** A socket file whose listener is gone. */
  const leaveStale = async () => {
    const dead = createServer().listen(join(folder, 'dead'));
    await once(dead, 'listening');
    const { linkSync } = await import('node:fs');
    linkSync(join(folder, 'dead'), path);
    dead.close();
    await once(dead, 'close');
    assert.ok(lstatSync(path).isSocket());
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lastport-socket-'));
    path = join(folder, 'a.sock');
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(folder, { recursive: true });
  });

  it('makes a socket that has its mode from the first moment on, whatever the umask, and leaves nothing else', async () => {
    const before = process.umask(0);
    const seen: [string, number][] = [];
    const watcher = watch(folder, (_, name) => {
      const found = statSync(join(folder, name ?? ''), { throwIfNoEntry: false });
      if (found !== undefined) seen.push([name ?? '', found.mode & 0o777]);
    });
    try {
      await listen(0o640);
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(folder), ['a.sock']);
    // The watcher tells of what came before this.
    writeFileSync(join(folder, 'last'), '');
    while (!seen.some(([name]) => name === 'last')) await once(watcher, 'change');
    watcher.close();
    for (const [name, mode] of seen) {
      if (name !== 'last') assert.equal(mode, name === 'a.sock' ? 0o640 : 0o700, name);
    }
    assert.equal(await hello(), 'hello');
  });

  it('takes it away again, and only its own', async () => {
    const release = await listen();
    release();
    assert.equal(existsSync(path), false);
    release();
    const other = await listen();
    unlinkSync(path);
    writeFileSync(path, 'of somebody else');
    other();
    assert.equal(readFileSync(path, 'utf8'), 'of somebody else');
  });

  it('takes the place of a socket that a dead one has left', async () => {
    await leaveStale();
    await listen();
    assert.equal(await hello(), 'hello');
  });

  it('is one of two that find the same dead one', async () => {
    await leaveStale();
    const results = await Promise.allSettled([listen(), listen(), listen()]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
    assert.equal(await hello(), 'hello');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('leaves one that answers alone', async () => {
    await listen();
    await assert.rejects(listen(), { code: 'EADDRINUSE' });
    assert.equal(await hello(), 'hello');
  });

  for (const [what, make] of [
    ['a file', () => writeFileSync(path, 'precious')],
    ['a folder', () => mkdirSync(path)],
    ['a symbolic link to a file', () => symlinkSync(join(folder, 'precious'), path)],
    ['a symbolic link to nothing', () => symlinkSync(join(folder, 'nothing'), path)],
  ] as const) {
    it(`leaves ${what} alone, and makes nothing elsewhere`, async () => {
      writeFileSync(join(folder, 'precious'), 'precious');
      make();
      const { ino } = lstatSync(path);
      await assert.rejects(listen(), { code: 'EADDRINUSE' });
      assert.equal(lstatSync(path).ino, ino);
      assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'precious');
      assert.deepEqual(readdirSync(folder).sort(), ['a.sock', 'precious']);
    });
  }

  it('is not made where anybody could put another in its place', async () => {
    chmodSync(folder, 0o777);
    await assert.rejects(listen(), { message: `anybody may write in ${folder}; chmod o-w it` });
    chmodSync(folder, 0o1777);
    await listen();
  });

  it('says that a path is too long, and that a folder is missing', async () => {
    await assert.rejects(listen(null, join(folder, 'x'.repeat(100), 'a')), { code: 'ENOENT' });
    const deep = join(folder, 'y'.repeat(100));
    mkdirSync(deep);
    await assert.rejects(listen(null, join(deep, 'a')), /too long a path/);
    assert.deepEqual(readdirSync(deep), []);
  });
});
