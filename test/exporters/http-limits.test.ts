import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { request } from 'undici';
import { isSameOrigin } from '../../exporters/http-guard.ts';
import { assessment } from '../support/assessments.ts';
import { makeCertificates } from '../support/certificates.ts';
import { needs } from '../support/needs.ts';
import { OPEN, rawSocket, serve, tlsOf, untilClosed } from '../support/web-server.ts';

const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
const answers = (text: string) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
const status = async (port: number) => {
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/healthz`, { headers: { connection: 'close' } });
  await body.dump();
  return statusCode;
};
const IMPATIENT = { requestMs: 300, answerMs: 600 };

describe('who is slow', { timeout: 30_000 }, () => {
  for (const [what, bytes] of [
    ['with the first line', 'GET /met'],
    ['with headers, one byte after the other', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: '],
  ] as const) {
    it(`${what} is hung up on, however often something comes`, () =>
      serve({ patience: IMPATIENT }, async ({ port, refused }) => {
        const socket = rawSocket(port);
        socket.write(bytes);
        const drip = setInterval(() => socket.write('a'), 50);
        const text = await untilClosed(socket);
        clearInterval(drip);
        assert.ok(!answers(text).includes(200), text);
        assert.deepEqual(refused, ['slow']);
        socket.destroy();
      }));
  }

  it('with a body is not waited for', () =>
    serve({}, async ({ port }) => {
      const socket = rawSocket(port);
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nhello');
      assert.deepEqual(answers(await untilClosed(socket)), [413]);
      socket.destroy();
    }));

  it('to read a big answer is hung up on, although it reads now and then', () =>
    serve({ patience: IMPATIENT }, async ({ http, port, refused }) => {
      http.publish(assessment({ gaps: [{ source: 's', what: 'x'.repeat(20e6), why: '', costs: '' }] }));
      const socket = rawSocket(port);
      socket.write('GET /api/assessment HTTP/1.1\r\nHost: localhost\r\n\r\n');
      // This is what it is to be slow: a thousand bytes each 50 ms, beyond the server's patience.
      for (let sips = 0; sips < 20; sips++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        socket.read(1000);
      }
      await untilClosed(socket);
      assert.ok(socket.bytesRead < 20e6, `${socket.bytesRead} bytes`);
      assert.deepEqual(refused, ['slow']);
      assert.equal(await status(port), 200);
    }));

  it('costs a bounded memory, and no small answer', () =>
    serve({}, async ({ http, port, refused }) => {
      http.publish(assessment({ gaps: [{ source: 's', what: 'x'.repeat(16e6), why: '', costs: '' }] }));
      const sockets: Socket[] = [];
      for (let index = 0; index < 6; index++) {
        const socket = rawSocket(port);
        socket.write('GET /api/assessment HTTP/1.1\r\nHost: localhost\r\n\r\n');
        sockets.push(socket);
        await once(socket, 'readable');
      }
      const heads = sockets.map((socket) => answers(String(socket.read()))[0]);
      assert.deepEqual(heads, [200, 200, 200, 200, 503, 503]);
      assert.deepEqual(refused, ['busy', 'busy']);
      assert.equal(await status(port), 200);
      for (const socket of sockets) socket.destroy();
    }));

  it('to begin or to end a handshake is hung up on', { skip: needs('openssl') }, () =>
    serve({ patience: IMPATIENT, web: () => ({ ...OPEN, tls }) }, async ({ port, errors, refused }) => {
      // A TLS record that announces a ClientHello of 512 bytes, and its beginning.
      for (const bytes of ['', Buffer.from('16030102000100', 'hex')]) {
        const socket = rawSocket(port);
        socket.write(bytes);
        assert.equal(answers(await untilClosed(socket)).length, 0);
        socket.destroy();
      }
      assert.deepEqual(refused, ['slow', 'slow']);
      assert.deepEqual(errors, []);
    }),
  );
  const tls = needs('openssl') === false ? tlsOf(makeCertificates().good) : null;
});

describe('who wants much', { timeout: 60_000 }, () => {
  it('sends requests and waits for none: no more than four are begun', async () => {
    let begun = 0;
    const render = async () => {
      begun++;
      await new Promise((resolve) => setImmediate(resolve));
      return { contentType: 'text/plain', body: 'x' };
    };
    await serve({ render }, async ({ port, errors, refused }) => {
      const socket = rawSocket(port);
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1000));
      await untilClosed(socket);
      assert.ok(begun > 0 && begun <= 4, `${begun} were begun`);
      assert.equal(refused[0], 'room');
      assert.deepEqual(errors, []);
      assert.equal(await status(port), 200);
    });
  });

  it('a thousand scrapers at once: as many as there is room for, and then again', () =>
    serve({}, async ({ port, errors }) => {
      const sockets = Array.from({ length: 1000 }, () => rawSocket(port));
      const texts = await Promise.all(
        sockets.map(async (socket) => {
          socket.end(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
          return untilClosed(socket);
        }),
      );
      const served = texts.filter((text) => answers(text)[0] === 200).length;
      assert.ok(served >= 128, `${served} were served`);
      for (const socket of sockets) socket.destroy();
      assert.equal(await status(port), 200);
      assert.deepEqual(errors, []);
    }));

  it('connects and says nothing, 128 times: whoever comes later has a place', async () => {
    let now = 0;
    await serve({ monotonic: () => now }, async ({ port }) => {
      const idle = Array.from({ length: 128 }, () => rawSocket(port));
      await Promise.all(idle.map((socket) => once(socket, 'connect')));
      // All 128 are in, and have been silent for a while.
      await assert.rejects(status(port));
      now = 2000;
      const gone = Promise.race(idle.map(untilClosed));
      assert.equal(await status(port), 200);
      await gone;
      for (const socket of idle) socket.destroy();
    });
  });

  const other = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  it(
    'has a quarter of the places at most',
    { skip: other === undefined && 'needs an address that is not 127.0.0.1' },
    () =>
      serve({}, async ({ port }) => {
        // From another address of this host, over the loopback all the same.
        const sockets = Array.from({ length: 40 }, () => rawSocket(port, other));
        const texts = await Promise.all(
          sockets.map((socket) => {
            // HEAD of a stream ends at once; a stream holds its place.
            socket.write('GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
            const first = new Promise<string>((resolve) => {
              socket.once('data', (chunk) => resolve(String(chunk)));
            });
            return Promise.race([first, untilClosed(socket)]);
          }),
        );
        assert.equal(texts.filter((text) => answers(text)[0] === 200).length, 32);
        assert.equal(await status(port), 200);
        for (const socket of sockets) socket.destroy();
      }),
  );
});

describe('a request', () => {
  for (const [what, bytes, expected] of [
    ['of HTTP/1.0 without Host', 'GET /healthz HTTP/1.0\r\n\r\n', [200]],
    ['of HTTP/1.1 without Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', [400]],
    ['with two Hosts', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n\r\n', [400]],
    ['with two of the same', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n', [400]],
    [
      'in absolute form',
      'GET http://localhost:9477/healthz?x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      [200],
    ],
    [
      'in absolute form for another',
      'GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      [421],
    ],
    ['for a tunnel', 'CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', []],
    [
      'for a WebSocket',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
      [200],
    ],
    [
      'with a length and chunks',
      `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${GET}`,
      [400],
    ],
    [
      'with two lengths',
      `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 60\r\n\r\n${GET}`,
      [400],
    ],
    ['with a signed length', `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n${GET}`, [400]],
    [
      'with chunks of another kind',
      `GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n${GET}`,
      [413],
    ],
    [
      'with a blank before a colon',
      `GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${GET}`,
      [400],
    ],
    ['with a header in two lines', `GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n\tb\r\n\r\n`, [400]],
    [
      'in chunks, with another behind them',
      `GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${GET}`,
      [413],
    ],
    [
      'with a body, and another behind it',
      `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc${GET}`,
      [405],
    ],
  ] as const) {
    it(`${what}: ${expected.join(' ') || 'the end'}`, () =>
      serve({}, async ({ port, errors }) => {
        const socket = rawSocket(port);
        socket.end(bytes);
        assert.deepEqual(answers(await untilClosed(socket)), expected);
        assert.deepEqual(errors, []);
        socket.destroy();
      }));
  }

  it('with a thousand headers is answered by a few of them at most', () =>
    serve({}, async ({ port }) => {
      const socket = rawSocket(port);
      socket.end(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${'a:b\r\n'.repeat(1000)}Connection: close\r\n\r\n`);
      const [first] = answers(await untilClosed(socket));
      assert.ok(first === 200 || first === 400 || first === 431, `${first}`);
      socket.destroy();
    }));
});

describe('isSameOrigin', () => {
  for (const [origin, host, expected] of [
    [undefined, 'web-1:9477', true],
    ['http://web-1:9477', 'web-1:9477', true],
    ['https://web-1:9477', 'web-1:9477', true],
    ['http://web-1', 'web-1:9477', false],
    ['null', 'web-1:9477', false],
  ] as const) {
    it(`${origin} of ${host}: ${expected}`, () => assert.equal(isSameOrigin(origin, host), expected));
  }
});
