import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Client, request } from 'undici';
import { HttpServer, type HttpServerOptions } from '../../exporters/http-server.ts';
import { PrometheusExporter } from '../../exporters/prometheus.ts';
import { assessment } from '../support/assessments.ts';

const directory = mkdtempSync(join(tmpdir(), 'lastport-http-'));
after(() => rmSync(directory, { recursive: true }));

const prometheus = new PrometheusExporter({ maxDestinations: 8, version: '0.1.0', node: 'v20.19.0' });
prometheus.publish(assessment());

/** A server on a free port for as long as `use` takes. */
async function serving(
  use: (url: string, http: HttpServer) => Promise<void>,
  options: Partial<HttpServerOptions> = {},
): Promise<void> {
  const http = new HttpServer({
    render: (format) => prometheus.render(format),
    lastTick: () => ({ ageMs: 500, limitMs: 3000 }),
    allowedHosts: () => ['web-1'],
    onError: (what, error) => assert.fail(`${what}: ${error}`),
    monotonic: () => performance.now(),
    ...options,
  });
  const port = await http.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  try {
    await use(`http://127.0.0.1:${port}`, http);
  } finally {
    await http.close();
  }
}

async function get(url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' | 'POST' = 'GET') {
  const response = await request(url, { method, headers: { connection: 'close', ...headers } });
  return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
}

/** What a server answers to these bytes, until it closes. */
async function raw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => socket.destroy());
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

describe('HttpServer', () => {
  it('serves the last Assessment, and what is made of it', () =>
    serving(async (url, http) => {
      assert.equal((await get(`${url}/readyz`)).status, 503);
      assert.equal((await get(`${url}/api/assessment`)).status, 503);
      http.publish(assessment());
      assert.equal((await get(`${url}/readyz`)).status, 200);
      const { body, headers } = await get(`${url}/api/assessment`);
      assert.deepEqual(JSON.parse(body), JSON.parse(JSON.stringify(assessment())));
      assert.equal(headers['content-type'], 'application/json');
      http.publish(assessment({ verdict: 'critical' }));
      assert.equal(JSON.parse((await get(`${url}/api/assessment`)).body).verdict, 'critical');
      assert.match((await get(`${url}/`)).body, /\/metrics/);
    }));

  it('negotiates the format of /metrics', () =>
    serving(async (url) => {
      const text = await get(`${url}/metrics`);
      assert.match(String(text.headers['content-type']), /^text\/plain; version=0\.0\.4/);
      assert.match(text.body, /^lastport_destination_headroom_ports\{.*\} 14209$/m);
      const accept = 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
      const open = await get(`${url}/metrics`, { accept });
      assert.match(String(open.headers['content-type']), /^application\/openmetrics-text; version=1\.0\.0/);
      assert.match(open.body, /# EOF\n$/);
    }));

  it('compresses for those who ask', () =>
    serving(async (url) => {
      const plain = await get(`${url}/metrics`);
      const zipped = await get(`${url}/metrics`, { 'accept-encoding': 'gzip' });
      assert.equal(zipped.headers['content-encoding'], 'gzip');
      assert.ok(Number(zipped.headers['content-length']) < plain.body.length / 2);
    }));

  it('answers HEAD like GET, without the body', () =>
    serving(async (url) => {
      const { status, headers, body } = await get(`${url}/metrics`, {}, 'HEAD');
      assert.equal(status, 200);
      assert.equal(body, '');
      assert.ok(Number(headers['content-length']) > 1000);
    }));

  for (const [what, lastTick, status, text] of [
    ['before the first look', null, 503, /no look has been taken yet/],
    ['while looks are young', { ageMs: 900, limitMs: 3000 }, 200, /^ok, the last look was taken 0\.9 s ago/],
    ['when the tick is stuck', { ageMs: 9000, limitMs: 3000 }, 503, /^stuck, the last look was taken 9\.0 s ago/],
  ] as const) {
    it(`/healthz ${what}: ${status}`, () =>
      serving(
        async (url) => {
          const answer = await get(`${url}/healthz`);
          assert.equal(answer.status, status);
          assert.match(answer.body, text);
        },
        { lastTick: () => lastTick },
      ));
  }

  it('sends headers that keep browsers from using it in any other way', () =>
    serving(async (url) => {
      for (const path of ['/', '/metrics', '/nothing']) {
        const { headers } = await get(url + path);
        assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['cache-control'], 'no-store');
      }
    }));

  describe('refuses', () => {
    for (const [host, status] of [
      ['evil.example', 421],
      ['127.0.0.1.evil.example', 421],
      ['localhost.evil.example:9477', 421],
      ['', 421],
      ['localhost', 200],
      ['LOCALHOST:9477', 200],
      ['lastport.localhost', 200],
      ['10.0.0.7:9477', 200],
      ['[::1]:9477', 200],
      ['web-1:9477', 200],
      ['WEB-1.', 200],
    ] as const) {
      it(`Host ${JSON.stringify(host)}: ${status}`, () =>
        serving(async (url) => {
          const answer = await raw(url, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
          assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
        }));
    }

    for (const [what, headers, method, path, status] of [
      ['another origin', { origin: 'http://evil.example' }, 'GET', '/metrics', 403],
      ['an opaque origin', { origin: 'null' }, 'GET', '/metrics', 403],
      ['POST', {}, 'POST', '/metrics', 405],
      ['an unknown path', {}, 'GET', '/../etc/passwd', 404],
      ['a long URL', {}, 'GET', `/${'a'.repeat(2000)}`, 414],
    ] as const) {
      it(`${what}: ${status}`, () =>
        serving(async (url) => assert.equal((await get(url + path, headers, method)).status, status)));
    }

    it('its own origin is fine', () =>
      serving(async (url) => assert.equal((await get(`${url}/metrics`, { origin: url })).status, 200)));

    it('a body', () =>
      serving(async (url) => {
        assert.match(
          await raw(url, 'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello'),
          /^HTTP\/1.1 413 /,
        );
      }));

    it('huge headers and garbage, and lives on', () =>
      serving(async (url) => {
        assert.match(
          await raw(url, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`),
          /^HTTP\/1.1 4\d\d |^$/,
        );
        assert.match(await raw(url, '\u0000\u0001\r\n\r\n'), /^HTTP\/1.1 400 |^$/);
        assert.equal((await get(`${url}/metrics`)).status, 200);
      }));
  });

  it('closes although a client has asked for nothing, or for half of something', { timeout: 10_000 }, async () => {
    const sockets: Socket[] = [];
    await serving(async (url, http) => {
      for (const bytes of ['', 'GET /metrics HTTP/1.1\r\nHost: loc']) {
        const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(bytes);
        sockets.push(socket);
      }
      await get(`${url}/healthz`); // by now the server has taken both
      await http.close(1);
    });
    for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
  });

  it('has room again as soon as it has refused what was sent', { timeout: 10_000 }, () =>
    serving(async (url) => {
      // More than may be connected, and none of them closes its side.
      const sockets: Socket[] = [];
      const port = Number(new URL(url).port);
      for (let index = 0; index < 200; index++) {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
        sockets.push(socket);
        socket.write('garbage\r\n\r\n');
        await once(socket.resume(), 'end');
      }
      assert.equal((await get(`${url}/healthz`)).status, 200);
      for (const socket of sockets) socket.destroy();
    }),
  );

  it('closes although a client keeps its connection', async () => {
    let client: Client | undefined;
    await serving(async (url) => {
      client = new Client(url);
      const { body } = await client.request({ path: '/readyz', method: 'GET' });
      await body.dump();
    });
    await client?.close();
  });

  it('turns a failure of its parts into a broken connection and a report, not a crash', async () => {
    const errors: string[] = [];
    await serving(
      async (url) => {
        await assert.rejects(get(`${url}/metrics`));
        assert.equal((await get(`${url}/healthz`)).status, 200);
      },
      {
        render: () => Promise.reject(new Error('no registry')),
        onError: (what, error) => errors.push(`${what}: ${(error as Error).message}`),
      },
    );
    assert.deepEqual(errors, ['answering GET failed: no registry']);
  });
});

describe('listen', () => {
  const server = () =>
    new HttpServer({
      render: () => Promise.reject(new Error('unused')),
      lastTick: () => null,
      allowedHosts: () => [],
      onError: () => undefined,
      monotonic: () => performance.now(),
    });

  it('says in one line that a port is taken, and what would do', async () => {
    await serving(async (url) => {
      const port = Number(new URL(url).port);
      await assert.rejects(server().listen({ kind: 'tcp', host: '127.0.0.1', port }), {
        message: `Cannot listen: 127.0.0.1:${port} is in use; choose another address with --listen, or stop the program that has it (EADDRINUSE)`,
      });
    });
  });

  it('says that an address is not this host’s', async () => {
    await assert.rejects(
      server().listen({ kind: 'tcp', host: '192.0.2.1', port: 0 }),
      /192\.0\.2\.1:0 is not an address of this host.*EADDRNOTAVAIL/,
    );
  });

  it('serves on a Unix socket, whatever the Host', async () => {
    const path = join(directory, 'serve.sock');
    const http = server();
    await http.listen({ kind: 'unix', path });
    const client = new Client('http://anything', { socketPath: path });
    const { statusCode, body } = await client.request({ path: '/', method: 'GET' });
    await body.dump();
    assert.equal(statusCode, 200);
    await client.close();
    await http.close();
    assert.equal(existsSync(path), false);
  });

  it('replaces a socket that a dead daemon left behind, and nothing else', async () => {
    const stale = join(directory, 'stale.sock');
    // A socket file whose listener is gone: made by one that closed without unlinking.
    const { spawnSync } = await import('node:child_process');
    const script = `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    assert.equal(existsSync(stale), true);
    const http = server();
    await http.listen({ kind: 'unix', path: stale });
    await http.close();

    const live = join(directory, 'live.sock');
    const other = createServer().listen(live);
    await once(other, 'listening');
    await assert.rejects(server().listen({ kind: 'unix', path: live }), /EADDRINUSE/);
    assert.equal(existsSync(live), true);
    other.close();

    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    await assert.rejects(server().listen({ kind: 'unix', path: file }), /EADDRINUSE/);
    assert.equal(existsSync(file), true);
  });
});
