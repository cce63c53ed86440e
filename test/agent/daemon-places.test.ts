import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DaemonSomewhere, daemonPlaces } from '../../agent/daemon-places.ts';

const folder = mkdtempSync(join(tmpdir(), 'lastport-places-'));
after(() => rmSync(folder, { recursive: true }));
const listen = { kind: 'tcp', host: '127.0.0.1', port: 9477 } as const;
const LIMITS = { timeoutMs: 2000, mostBytes: 1e6 };

describe('daemonPlaces', () => {
  const own = join(folder, 'lastport/api.sock');
  mkdirSync(join(folder, 'lastport'));
  writeFileSync(own, '');
  const env = { XDG_RUNTIME_DIR: folder };

  it('are where it listens, and the sockets that there are', () => {
    assert.deepEqual(daemonPlaces({ listen, apiSocket: 'off' }, env), [listen]);
    assert.deepEqual(daemonPlaces({ listen, apiSocket: { path: `${folder}/none` } }, env), [listen]);
    assert.deepEqual(daemonPlaces({ listen, apiSocket: { path: own } }, {}), [listen, { kind: 'unix', path: own }]);
    assert.deepEqual(daemonPlaces({ listen, apiSocket: 'auto' }, env).at(-1), { kind: 'unix', path: own });
  });
});

describe('DaemonSomewhere', () => {
  const serving = async (at: string | number, answer: RequestListener) => {
    const server = createServer(answer);
    if (typeof at === 'string') server.listen(at);
    else server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };

  it('asks the socket where the other place asks for a password, and then the socket first', async () => {
    const asked: string[] = [];
    const guarded = await serving(0, (_, response) => {
      asked.push('tcp');
      response.writeHead(401).end();
    });
    const path = join(folder, 'a.sock');
    const local = await serving(path, (_, response) => {
      asked.push('unix');
      response.end('{}');
    });
    const { port } = guarded.address() as AddressInfo;
    const daemon = await DaemonSomewhere.open(
      [
        { ...listen, port },
        { kind: 'unix', path },
      ],
      LIMITS,
    );
    for (let turn = 0; turn < 2; turn++) {
      const answer = await daemon.ask('/api/assessment');
      assert.equal(answer.state === 'answered' && answer.statusCode, 200);
    }
    assert.deepEqual(asked, ['tcp', 'unix', 'unix']);
    await daemon.close();
    guarded.close();
    local.close();
  });

  it('tells what the first place said where none answers', async () => {
    const guarded = await serving(0, (_, response) => response.writeHead(401).end());
    const { port } = guarded.address() as AddressInfo;
    const places = [
      { ...listen, port },
      { kind: 'unix', path: join(folder, 'none.sock') },
    ] as const;
    const daemon = await DaemonSomewhere.open(places, LIMITS);
    const answer = await daemon.ask('/');
    assert.equal(answer.state === 'answered' && answer.statusCode, 401);
    await daemon.close();
    guarded.close();
  });
});
