import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { askGaps, askHealth } from '../../../agent/doctor/daemon-health.ts';
import { assessment } from '../../support/assessments.ts';

const folder = mkdtempSync(join(tmpdir(), 'lastport-health-'));
after(() => rmSync(folder, { recursive: true }));

const tcp = (port: number, host = '127.0.0.1') => ({ kind: 'tcp', host, port }) as const;

/** Runs `use` while `server` listens on the loopback or on a path. */
async function serving<Result>(
  server: Server,
  path: string | null,
  use: (port: number) => Promise<Result>,
): Promise<Result> {
  await new Promise<void>((resolve) => {
    if (path === null) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  try {
    return await use(path === null ? (server.address() as AddressInfo).port : 0);
  } finally {
    server.close();
  }
}

const answering = (status: number, type: string, body: string): RequestListener => {
  return ({ url }, response) => {
    response.writeHead(url === '/healthz' ? status : 404, { 'content-type': type }).end(body);
  };
};

describe('askHealth', () => {
  for (const [status, type, body, state, detail] of [
    [200, 'text/plain', 'ok\n', 'healthy', '200 ok'],
    [200, 'text/plain', 'a\u202eb', 'healthy', '200 a?b'],
    [503, 'application/json', '{"age":\n  9}', 'unhealthy', '503 {"age": 9}'],
    [503, 'text/plain', '', 'unhealthy', '503'],
    [200, 'text/plain', 'x'.repeat(9999), 'healthy', `200 ${'x'.repeat(200)}`],
    [200, 'text/html', '<html>', 'stranger', 'it answers GET /healthz with 200'],
    [404, 'text/plain', 'no', 'stranger', 'it answers GET /healthz with 404'],
    [
      401,
      'text/plain',
      '',
      'unreachable',
      'it asks who you are (401); name the socket for this host with --api-socket',
    ],
    [302, 'text/plain', '', 'stranger', 'it answers GET /healthz with 302'],
  ] as const) {
    it(`takes ${status} ${type} for ${state}`, async () => {
      await serving(createServer(answering(status, type, body)), null, async (port) => {
        assert.deepEqual(await askHealth(tcp(port)), { listen: `127.0.0.1:${port}`, state, detail });
      });
    });
  }

  it('asks through a Unix socket', async () => {
    const path = join(folder, 'http.sock');
    const health = await serving(createServer(answering(200, 'text/plain', 'ok')), path, () =>
      askHealth({ kind: 'unix', path }),
    );
    assert.deepEqual(health, { listen: `unix:${path}`, state: 'healthy', detail: '200 ok' });
  });

  it('asks the loopback where the daemon listens everywhere', async () => {
    await serving(createServer(answering(200, 'text/plain', 'ok')), null, async (port) => {
      assert.equal((await askHealth(tcp(port, '0.0.0.0'))).state, 'healthy');
    });
  });

  it('finds nothing running where the connection is refused or the socket missing', async () => {
    const port = await serving(createServer(), null, async (free) => free);
    const refused = await askHealth(tcp(port));
    assert.deepEqual([refused.state, refused.detail], ['not running', 'connection refused (ECONNREFUSED)']);
    const missing = await askHealth({ kind: 'unix', path: join(folder, 'none.sock') });
    assert.deepEqual([missing.state, missing.detail], ['not running', 'no such socket (ENOENT)']);
  });

  it('waits no longer than it should for who accepts and says nothing', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => socket.destroy()));
    await serving(server, null, async (port) => {
      const { state, detail } = await askHealth(tcp(port), 20);
      assert.deepEqual([state, detail], ['silent', 'no answer within 20 ms']);
    });
  });

  it('knows a stranger that does not speak HTTP', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => socket.destroy()).end('SSH-2.0-x\r\n'));
    await serving(server, null, async (port) => assert.equal((await askHealth(tcp(port))).state, 'stranger'));
  });

  it('does not read an endless answer to its end', async () => {
    const server = createServer((_, response) => {
      const more = () => {
        while (response.write('x'.repeat(65536)));
      };
      response.on('drain', more).on('error', () => response.destroy());
      more();
    });
    await serving(server, null, async (port) => assert.equal((await askHealth(tcp(port))).state, 'unreachable'));
  });

  it('asks no one where the kernel chose the port', async () => {
    assert.equal((await askHealth(tcp(0))).state, 'unreachable');
  });
});

describe('askGaps', () => {
  const assessing = (body: string) =>
    createServer(({ url }, response) => void response.writeHead(url === '/api/assessment' ? 200 : 404).end(body));
  const gap = { source: 'log', what: 'lines of the log', why: 'ENOSPC', costs: 'they are lost' };

  it('tells what the daemon misses', async () => {
    await serving(assessing(JSON.stringify(assessment({ gaps: [gap] }))), null, async (port) => {
      assert.deepEqual(await askGaps([tcp(port)]), [
        { what: 'daemon', seen: 'no', found: 'lines of the log: ENOSPC', costs: 'they are lost' },
      ]);
    });
  });

  for (const body of ['Hello', '{}', '{"gaps":7}']) {
    it(`tells nothing of a stranger that answers ${body}`, async () => {
      await serving(assessing(body), null, async (port) => assert.deepEqual(await askGaps([tcp(port)]), []));
    });
  }
});
