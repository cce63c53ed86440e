import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { describe, it } from 'node:test';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { hashSync } from 'bcryptjs';
import type { WebSettings } from '../../../exporters/web/settings.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { needs } from '../../support/needs.ts';
import { OPEN, rawSocket, serve, tlsOf, untilClosed } from '../../support/web-server.ts';

const USERS = new Map([['prometheus', hashSync('correct horse', 4)]]);
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

interface Ask {
  readonly port: number;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly agent?: Agent;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The status, or the error's code where there is no answer. */
function get({
  port,
  path = '/metrics',
  headers = {},
  ca,
  ...rest
}: Ask): Promise<{ status: number | string; headers: Record<string, unknown> }> {
  const isTls = ca !== undefined;
  return new Promise((resolve) => {
    const options = { port, path, headers, host: '127.0.0.1', servername: 'localhost', agent: false as const, ...rest };
    const asking = isTls ? request({ ...options, ca }) : plainRequest(options);
    asking.on('response', (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    asking.on('error', (error: NodeJS.ErrnoException) => resolve({ status: error.code ?? error.message, headers: {} }));
    asking.end();
  });
}

describe('passwords', () => {
  const web = () => ({ ...OPEN, users: USERS });

  for (const path of ['/', '/metrics', '/healthz', '/readyz', '/api/assessment', '/api/stream', '/nothing']) {
    it(`are asked for at ${path}`, () =>
      serve({ web }, async ({ port }) => {
        const { status, headers } = await get({ port, path });
        assert.equal(status, 401);
        assert.match(String(headers['www-authenticate']), /^Basic realm=/);
      }));
  }

  for (const [what, header, status] of [
    ['the right one', basic('prometheus', 'correct horse'), 200],
    ['the right one, in other letters', basic('prometheus', 'correct horse').replace('Basic', 'bAsIc'), 200],
    ['a wrong one', basic('prometheus', 'wrong'), 401],
    ['an empty one', basic('prometheus', ''), 401],
    ['an unknown user', basic('nobody', 'correct horse'), 401],
    ['a user of all objects', basic('constructor', 'x'), 401],
    ['no colon', `Basic ${Buffer.from('prometheus').toString('base64')}`, 401],
    ['no base64', 'Basic %%%', 401],
    ['another scheme', 'Bearer abc', 401],
    ['more than there is room for', basic('prometheus', 'x'.repeat(2000)), 401],
  ] as const) {
    it(`${what}: ${status}`, () =>
      serve({ web }, async ({ port, errors, refused }) => {
        assert.equal((await get({ port, headers: { authorization: header } })).status, status);
        assert.deepEqual(errors, []);
        assert.deepEqual(refused, status === 401 ? ['password'] : []);
      }));
  }

  it('cost nothing the second time, and a new hash counts at once', async () => {
    let users = USERS;
    await serve({ web: () => ({ ...OPEN, users }) }, async ({ port }) => {
      const headers = { authorization: basic('prometheus', 'correct horse') };
      assert.equal((await get({ port, headers })).status, 200);
      const began = process.cpuUsage();
      for (let turn = 0; turn < 5; turn++) assert.equal((await get({ port, headers })).status, 200);
      assert.ok(process.cpuUsage(began).user < 1e6);
      users = new Map([['prometheus', hashSync('battery staple', 4)]]);
      assert.equal((await get({ port, headers })).status, 401);
      assert.equal(
        (await get({ port, headers: { authorization: basic('prometheus', 'battery staple') } })).status,
        200,
      );
      users = new Map([['other', hashSync('x', 4)]]);
      assert.equal(
        (await get({ port, headers: { authorization: basic('prometheus', 'battery staple') } })).status,
        401,
      );
    });
  });

  it('a thousand at once, all with the right one: it is checked once', { timeout: 60_000 }, () =>
    serve({ web }, async ({ port }) => {
      const headers = { authorization: basic('prometheus', 'correct horse') };
      const agent = new PlainAgent({ maxSockets: 100, keepAlive: true });
      const statuses = await Promise.all(
        Array.from({ length: 1000 }, () =>
          get({ port, headers, agent: agent as unknown as Agent }).then(({ status }) => status),
        ),
      );
      assert.deepEqual(new Set(statuses), new Set([200]));
      agent.destroy();
    }),
  );

  it('are slow for none but those who guess', { timeout: 60_000 }, async () => {
    // At this cost one takes a fifth of a second: with 50 of them in this thread, nobody would be answered for ten.
    const slow = new Map([
      ['prometheus', hashSync('correct horse', 4)],
      ['slow', `$2y$11$${'.'.repeat(53)}`],
    ]);
    await serve({ web: () => ({ ...OPEN, users: slow }) }, async ({ port }) => {
      const headers = { authorization: basic('prometheus', 'correct horse') };
      assert.equal((await get({ port, headers })).status, 200);
      const guesses = Array.from({ length: 50 }, (_, index) =>
        get({ port, headers: { authorization: basic('slow', `guess ${index}`) } }).then(({ status }) => status),
      );
      let good = 0;
      let isOver = false;
      const first = Promise.race(guesses.slice(0, 1)).then(() => {
        isOver = true;
      });
      while (!isOver && good < 200) {
        assert.equal((await get({ port, headers })).status, 200);
        good++;
      }
      assert.ok(good >= 5, `${good} good requests were answered beside one guess`);
      await first;
      // All of one address: four wait, the others are told to come back.
      const statuses = await Promise.all(guesses);
      assert.ok(statuses.filter((status) => status === 503).length >= 40, statuses.join(' '));
    });
  });
});

describe('a rate limit', () => {
  it('lets a burst through, and one each interval', async () => {
    let now = 0;
    const web = { ...OPEN, rateLimit: { intervalMs: 1000, burst: 2 } };
    await serve({ web: () => web, monotonic: () => now }, async ({ port }) => {
      const status = async () => (await get({ port })).status;
      assert.deepEqual([await status(), await status(), await status()], [200, 200, 429]);
      now = 1000;
      assert.deepEqual([await status(), await status()], [200, 429]);
    });
  });
});

describe('TLS', { skip: needs('openssl') }, () => {
  const mine = makeCertificates();
  const { ca, good, elsewhere, expired } = mine;
  const strangers = makeCertificates();

  it('serves, with headers of the web configuration', () =>
    serve(
      { web: () => ({ ...OPEN, tls: tlsOf(good), headers: { 'strict-transport-security': 'max-age=1' } }) },
      async ({ port }) => {
        const { status, headers } = await get({ port, ca });
        assert.equal(status, 200);
        assert.equal(headers['strict-transport-security'], 'max-age=1');
        assert.equal(headers['x-content-type-options'], 'nosniff');
      },
    ));

  it('tells nothing to who does not speak it', () =>
    serve({ web: () => ({ ...OPEN, tls: tlsOf(good) }) }, async ({ port }) => {
      const socket = rawSocket(port);
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.doesNotMatch(await untilClosed(socket), /lastport|HTTP\/1.1 200/);
    }));

  for (const [version, works] of [
    ['-tls1_1', false],
    ['-tls1_2', true],
    ['-tls1_3', true],
  ] as const) {
    it(`speaks ${version} with openssl s_client: ${works}`, () =>
      serve({ web: () => ({ ...OPEN, tls: tlsOf(good) }) }, async ({ port }) => {
        // At the lowest level of OpenSSL's own, or it would not even ask for an old version.
        const args = ['s_client', '-connect', `127.0.0.1:${port}`, version, '-cipher', 'DEFAULT@SECLEVEL=0', '-brief'];
        const client = spawn('openssl', args, { stdio: ['pipe', 'ignore', 'pipe'] });
        let said = '';
        client.stderr.on('data', (chunk) => {
          said += chunk;
        });
        client.stdin.end();
        await once(client, 'close');
        assert.equal(/CONNECTION ESTABLISHED/.test(said), works, said);
      }));
  }

  for (const [clientAuth, allowedSans, shown, status] of [
    ['NoClientCert', null, null, 200],
    ['RequestClientCert', null, null, 200],
    ['RequestClientCert', null, 'stranger', 200],
    ['RequireAnyClientCert', null, null, 'refused'],
    ['RequireAnyClientCert', null, 'stranger', 200],
    ['VerifyClientCertIfGiven', null, null, 200],
    ['VerifyClientCertIfGiven', null, 'good', 200],
    ['VerifyClientCertIfGiven', null, 'stranger', 'refused'],
    ['RequireAndVerifyClientCert', null, null, 'refused'],
    ['RequireAndVerifyClientCert', null, 'good', 200],
    ['RequireAndVerifyClientCert', null, 'stranger', 'refused'],
    ['RequireAndVerifyClientCert', null, 'expired', 'refused'],
    ['RequireAndVerifyClientCert', ['elsewhere.example'], 'good', 'refused'],
    ['RequireAndVerifyClientCert', ['a', 'elsewhere.example'], 'elsewhere', 200],
  ] as const) {
    it(`${clientAuth} ${allowedSans ?? ''}, shown ${shown}: ${status}`, () =>
      serve(
        { web: () => ({ ...OPEN, tls: tlsOf(good, { ca, clientAuth, allowedSans }) }) },
        async ({ port, refused }) => {
          const client = { good, elsewhere, expired, stranger: strangers.good }[shown ?? 'good'];
          const { status: found } = await get({ port, ca, ...(shown === null ? {} : client) });
          assert.equal(typeof found === 'string' ? 'refused' : found, status, String(found));
          assert.deepEqual(refused, status === 200 ? [] : ['certificate']);
        },
      ));
  }

  it('gives a new certificate to the next connection, and ends those that are idle', async () => {
    let settings: WebSettings = { ...OPEN, tls: tlsOf(good) };
    await serve({ web: () => settings }, async ({ port }) => {
      const subjectOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
      const connect = async () => {
        const socket = tlsConnect({
          port,
          host: '127.0.0.1',
          ca,
          servername: 'localhost',
          checkServerIdentity: () => undefined,
        });
        await once(socket, 'secureConnect');
        return socket;
      };
      const kept = await connect();
      assert.equal(subjectOf(kept), 'localhost');
      kept.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(kept, 'data');
      settings = { ...OPEN, tls: tlsOf(elsewhere) };
      const closed = once(kept, 'close');
      const next = await connect();
      assert.equal(subjectOf(next), 'elsewhere.example');
      next.destroy();
      await closed;
    });
  });

  it('asks those for a certificate who were let in without, and takes no old session for one', async () => {
    let settings: WebSettings = { ...OPEN, tls: tlsOf(good) };
    await serve({ web: () => settings }, async ({ port }) => {
      const agent = new Agent({ keepAlive: true, maxCachedSessions: 10 });
      assert.equal((await get({ port, ca, agent })).status, 200);
      // Connected before, and has asked for nothing yet.
      const early = tlsConnect({ port, host: '127.0.0.1', ca, servername: 'localhost' }).on('error', () => undefined);
      await once(early, 'secureConnect');
      const session = new Promise<Buffer>((resolve) => early.once('session', resolve));
      early.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(early, 'data');
      const ticket = await session;
      settings = { ...OPEN, tls: tlsOf(good, { ca, clientAuth: 'RequireAndVerifyClientCert' }) };
      assert.notEqual((await get({ port, ca, agent })).status, 200);
      const resumed = tlsConnect({ port, host: '127.0.0.1', ca, servername: 'localhost', session: ticket });
      resumed.on('error', () => undefined);
      resumed.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.doesNotMatch(await untilClosed(resumed), /200 OK/);
      early.destroy();
      agent.destroy();
      assert.equal((await get({ port, ca, ...good })).status, 200);
    });
  });

  it('ends a stream of someone who may not read any more', async () => {
    let settings: WebSettings = { ...OPEN, users: USERS };
    await serve({ web: () => settings }, async ({ port }) => {
      const socket = rawSocket(port);
      socket.write(
        `GET /api/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic('prometheus', 'correct horse')}\r\n\r\n`,
      );
      assert.match(String(await once(socket, 'data')), /200 OK/);
      settings = { ...OPEN, users: new Map([['other', hashSync('x', 4)]]) };
      // The last chunk of the answer; the connection itself may be used again.
      const ended = new Promise<void>((resolve) => {
        socket.on('data', (chunk) => {
          if (String(chunk).endsWith('0\r\n\r\n')) resolve();
        });
      });
      assert.equal((await get({ port })).status, 401);
      await ended;
      socket.destroy();
    });
  });

  it('does not renegotiate', () =>
    serve({ web: () => ({ ...OPEN, tls: tlsOf(good) }) }, async ({ port, errors }) => {
      const socket = tlsConnect({ port, host: '127.0.0.1', ca, servername: 'localhost', maxVersion: 'TLSv1.2' });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      const closed = once(socket, 'close');
      // Without a listener for what comes nothing is read, and the answer to this is never seen.
      socket.resume();
      assert.equal(
        socket.renegotiate({}, () => assert.fail('it has renegotiated')),
        true,
      );
      await closed;
      assert.equal((await get({ port, ca })).status, 200);
      assert.deepEqual(errors, []);
    }));

  it('works with curl, as a person would ask', { skip: needs('curl') }, () =>
    serve({ web: () => ({ ...OPEN, tls: tlsOf(good), users: USERS }) }, async ({ port }) => {
      const curl = async (...more: string[]) => {
        const resolve = ['--resolve', `localhost:${port}:127.0.0.1`, '--noproxy', '*'];
        const args = ['-sk', '-o', '/dev/null', '-w', '%{http_code} %{http_version}', ...resolve, ...more];
        const child = spawn('curl', [...args, `https://localhost:${port}/metrics`]);
        let said = '';
        child.stdout.on('data', (chunk) => {
          said += chunk;
        });
        await once(child, 'close');
        return said;
      };
      assert.equal(await curl(), '401 1.1');
      assert.equal(await curl('-u', 'prometheus:correct horse'), '200 1.1');
    }),
  );
});

describe('listenLocally', () => {
  it('lets the programs of this host in, and nobody else', async () => {
    const folder = mkdtempSync('/tmp/lastport-local-');
    const path = `${folder}/api.sock`;
    await serve({ web: () => ({ ...OPEN, users: USERS }) }, async ({ port, http }) => {
      await http.listenLocally({ path, mode: 0o660, group: null });
      assert.equal(statSync(path).mode & 0o777, 0o660);
      assert.equal((await get({ port })).status, 401);
      const local = await new Promise<number | undefined>((resolve, reject) => {
        plainRequest({ socketPath: path, path: '/healthz' }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      assert.equal(local, 200);
    });
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
    rmSync(folder, { recursive: true });
  });
});
