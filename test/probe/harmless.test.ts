// What a program must never notice. Real programs, and daemons of every bad kind.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Listener, PROBE, run, startServer } from './listener.ts';

let url: string;
let server: Server;
before(async () => {
  ({ url, server } = await startServer());
});
after(() => {
  Listener.stopAll();
  server.closeAllConnections();
  server.close();
});

/** Some requests by undici, fetch and node:http. */
const traffic = () => `
  import { request } from 'undici';
  import http from 'node:http';
  const agent = new http.Agent({ keepAlive: true });
  for (let i = 0; i < 5; i++) {
    await (await request('${url}/')).body.text();
    await (await fetch('${url}/')).text();
    await new Promise((done) => http.get('${url}/', { agent }, (r) => r.resume().on('end', done)));
  }
  agent.destroy();
`;

const PROGRAMS: Readonly<Record<string, string>> = {
  'that ends by itself': `console.log('done');`,
  'that exits with a code': `process.exit(7);`,
  'that exits in a handler of exit': `process.on('exit', () => { process.exitCode = 9; console.log('bye'); });`,
  'that throws': `setTimeout(() => { throw new Error('thrown'); }, 1);`,
  'that rejects': `Promise.reject(new Error('rejected'));`,
  'that warns': `process.emitWarning('careful');`,
  'with ten listeners of exit': `for (let i = 0; i < 10; i++) process.on('exit', () => {}); console.log(process.listenerCount('exit'), process.getMaxListeners());`,
  'with eleven': `for (let i = 0; i < 11; i++) process.on('exit', () => {});`,
  'that prints stacks its own way': `
    Error.prepareStackTrace = (error, frames) => 'mine ' + frames.length;
    Error.stackTraceLimit = 3;
    console.log(new Error('x').stack, Error.stackTraceLimit);`,
  'that catches a refused connection': `
    await fetch('http://127.0.0.1:9/').catch((error) => console.log(error.message));
    await request('http://127.0.0.1:1/').catch((error) => console.log(error.code));`,
  'that looks at its handles': `console.log(process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap' && name !== 'TTYWrap'));`,
  'with channels of its own': `
    import { channel } from 'node:diagnostics_channel';
    for (const name of ['undici:request:create', 'undici:client:sendHeaders', 'undici:request:trailers', 'http.client.request.start', 'undici:client:connected']) {
      channel(name).publish(undefined);
      channel(name).publish({});
      channel(name).publish({ request: null, socket: null });
      channel(name).publish({ get request() { throw new Error('mine'); } });
    }
    console.log('still here');`,
};

describe('a program', { concurrency: 3 }, () => {
  for (const [what, code] of Object.entries(PROGRAMS)) {
    it(`${what} does the same with the probe`, async () => {
      const listener = await new Listener().start();
      const all = `${traffic()}${code}`;
      const [without, having] = await Promise.all([
        run(all, { by: null }).ended,
        run(all, { socket: listener.path }).ended,
      ]);
      await until(() => listener.all.length > 0);
      // A pid is in warnings, and in nothing else.
      const plain = ({ code, signal, stdout, stderr }: typeof without) => ({
        code,
        signal,
        stdout,
        stderr: stderr.replace(/\(node:\d+\)/g, '(node:…)'),
      });
      assert.deepEqual(plain(having), plain(without));
    });
  }

  it('is not kept alive by the probe, nor by its timers', async () => {
    const listener = await new Listener().start();
    const { tookMs, code } = await run(traffic(), { socket: listener.path }).ended;
    listener.stop();
    // Undici's own idle connections do not keep it either.
    assert.equal(code, 0);
    assert.ok(tookMs < 20_000, `${tookMs} ms`);
  });
});

describe('with a daemon', { concurrency: 3 }, () => {
  const ends = async (path: string, code = traffic()) => {
    const { code: exit, stderr, tookMs } = await run(`${code} console.log('done');`, { socket: path }).ended;
    assert.deepEqual([exit, stderr], [0, '']);
    assert.ok(tookMs < 20_000, `${tookMs} ms`);
  };
  const bad: Readonly<Record<string, (socket: Socket) => void>> = {
    'that never reads': (socket) => socket.pause(),
    'that hangs up at once': (socket) => socket.destroy(),
    'that talks without end': (socket) => {
      socket.resume();
      const talk = () => {
        if (!socket.destroyed) socket.write(Buffer.alloc(65_536), () => setImmediate(talk));
      };
      talk();
    },
  };
  for (const [what, serve] of Object.entries(bad)) {
    it(`${what} a program ends as it would`, async () => {
      const listener = await new Listener(serve).start();
      await ends(listener.path);
      // More than a socket's buffer holds, so that writes are under way at the end.
      const much = `
        import { request, Agent } from 'undici';
        const many = [];
        for (let i = 0; i < 500; i++) many.push(request('${url}/', { dispatcher: new Agent() }).then((r) => r.body.text()).catch(() => {}));
        await Promise.all(many.slice(0, 200));
        process.exitCode = 0;
        setTimeout(() => process.exit(0), 1500);`;
      await ends(listener.path, much);
      listener.stop();
    });
  }

  it('that is not there a program ends as it would', () => ends('/nonexistent/probe.sock'));

  it('that has died and left its socket a program ends as it would', async () => {
    const listener = await new Listener().start();
    listener.stop();
    await ends(listener.path);
  });

  it('that comes back is told all again', async () => {
    const first = await new Listener().start();
    const program = run(
      `import { request } from 'undici';
       for (;;) { await (await request('${url}/')).body.text(); await new Promise((done) => setTimeout(done, 20)); }`,
      { socket: first.path },
    );
    await until(() => first.all.some(({ counts }) => counts.requests > 3));
    first.stop();
    const second = new Listener();
    (second as { path: string }).path = first.path;
    await second.start();
    await until(() => second.all.some(({ counts }) => counts.requests > 3));
    assert.equal(second.heard[0]?.hello?.pid, program.child.pid);
    program.child.kill();
    await program.ended;
    second.stop();
  });

  it('LASTPORT_PROBE=off keeps it out', async () => {
    const listener = await new Listener().start();
    await run(traffic(), { socket: listener.path, env: { LASTPORT_PROBE: 'off' } }).ended;
    assert.equal(listener.heard.length, 0);
    listener.stop();
  });

  it('who reads the debug output of undici reads it as without', async () => {
    const listener = await new Listener().start();
    const code = `import { request } from 'undici'; await (await request('${url}/')).body.text();`;
    const { stderr } = await run(code, { socket: listener.path, env: { NODE_DEBUG: 'undici' } }).ended;
    assert.match(stderr, /UNDICI \d+: connected to/);
    listener.stop();
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 500, 'it did not come');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('everybody is covered', () => {
  const one = () => `const { request } = await import('undici'); await (await request('${url}/')).body.text();`;
  for (const by of ['--require', '--import', 'NODE_OPTIONS'] as const) {
    it(`by ${by}`, async () => {
      const listener = await new Listener().start();
      const { code, stderr } = await run(one(), { socket: listener.path, by }).ended;
      assert.deepEqual([code, stderr], [0, '']);
      await until(() => listener.all.length > 0);
      assert.equal(listener.all[0]?.counts.requests, 1);
      listener.stop();
    });
  }

  it('worker threads, each with a report of its own', async () => {
    const listener = await new Listener().start();
    const code = `
      import { Worker } from 'node:worker_threads';
      const program = \`(async () => { const { request } = await import('undici'); await (await request('${url}/')).body.text(); })()\`;
      await Promise.all([1, 2].map(() => new Promise((done) => new Worker(program, { eval: true }).on('exit', done))));
      ${one()}`;
    await run(code, { socket: listener.path }).ended;
    await until(() => listener.heard.filter(({ hello }) => hello !== null).length === 3);
    assert.deepEqual(listener.heard.map(({ hello }) => hello?.thread).sort(), [0, 1, 2]);
    assert.equal(new Set(listener.heard.map(({ hello }) => hello?.pid)).size, 1);
    listener.stop();
  });

  it('child processes, by NODE_OPTIONS', async () => {
    const listener = await new Listener().start();
    const code = `
      import { execFileSync } from 'node:child_process';
      execFileSync(process.execPath, ['-e', ${JSON.stringify(one())}]);`;
    await run(code, { socket: listener.path, by: 'NODE_OPTIONS' }).ended;
    await until(() => listener.all.length > 0);
    assert.equal(listener.all[0]?.counts.requests, 1);
    listener.stop();
  });

  it('a probe that was installed in pieces is none, and the program runs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-pieces-'));
    try {
      copyFileSync(PROBE, join(folder, 'probe.cjs'));
      const argv = ['--require', join(folder, 'probe.cjs'), '-e', 'console.log("runs")'];
      const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
      assert.deepEqual([status, stdout, stderr], [0, 'runs\n', '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('two copies of the probe are one', async () => {
    const listener = await new Listener().start();
    await run(one(), { socket: listener.path, env: { NODE_OPTIONS: `--import ${JSON.stringify(PROBE)}` } }).ended;
    await until(() => listener.all.length > 0);
    assert.deepEqual([listener.heard.length, listener.all[0]?.counts.requests], [1, 1]);
    listener.stop();
  });
});

describe('what leaves the process', () => {
  it('holds no credential, header, path, query or body', async () => {
    const listener = await new Listener().start();
    const words = [
      'PATHWORD',
      'QUERYWORD',
      'HEADERWORD',
      'COOKIEWORD',
      'BODYWORD',
      'USERWORD',
      'PASSWORD1',
      'NAMEWORD',
    ];
    const code = `
      import { request, Agent } from 'undici';
      import http from 'node:http';
      const base = '${url}'.replace('http://', 'http://USERWORD:PASSWORD1@');
      const headers = { authorization: 'Bearer HEADERWORD', cookie: 'a=COOKIEWORD', 'x-NAMEWORD': '1' };
      const options = { method: 'POST', headers, body: 'BODYWORD' };
      for (let i = 0; i < 12; i++) {
        await (await request('${url}/PATHWORD?q=QUERYWORD', { ...options, reset: i % 2 === 0 })).body.text();
        await (await fetch('${url}/large/PATHWORD?q=QUERYWORD', options)).body.cancel();
        await new Promise((done) => {
          const sent = http.request(base + '/PATHWORD?q=QUERYWORD', { method: 'POST', headers, auth: 'USERWORD:PASSWORD1' }, (r) => r.resume().on('end', done));
          sent.end('BODYWORD');
        });
        await request('http://127.0.0.1:1/PATHWORD', options).catch(() => {});
        await fetch('http://QUERYWORD.invalid/PATHWORD', options).catch(() => {});
      }
      await new Promise((done) => setTimeout(done, 1200));`;
    const { code: exit, stderr } = await run(code, { socket: listener.path }).ended;
    assert.deepEqual([exit, stderr], [0, '']);
    await until(() => listener.all.some(({ counts }) => (counts.closes.client_asked ?? 0) > 0));
    const text = Buffer.concat(listener.bytes).toString('latin1').toUpperCase();
    assert.ok(text.length > 500 && text.includes('CLIENT_ASKED'), 'it has reported');
    assert.deepEqual(
      words.filter((word) => text.includes(word)),
      [],
    );
    listener.stop();
  });
});

describe('it is bounded', () => {
  it('with 3,000 origins, and tells what it left out', async () => {
    const listener = await new Listener().start();
    const code = `
      import { Agent } from 'undici';
      import http from 'node:http';
      // Names of one server: each is an origin of its own.
      const { port } = new URL('${url}');
      const dispatcher = new Agent({ connect: { lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) } });
      for (let batch = 0; batch < 30; batch++) {
        const all = Array.from({ length: 100 }, async (_, index) => {
          const origin = 'http://host-' + (batch * 100 + index) + '.example:' + port;
          const { body } = await dispatcher.request({ origin, path: '/', method: 'GET', headers: { connection: 'close' } });
          await body.text();
        });
        await Promise.all(all);
      }
      await new Promise((done) => setTimeout(done, 1500));`;
    const { code: exit, stderr } = await run(code, { socket: listener.path }).ended;
    assert.deepEqual([exit, stderr], [0, '']);
    await until(() => listener.all.length > 900);
    const [heard] = listener.heard;
    assert.ok((heard?.paths.size ?? 0) <= 11_000);
    assert.equal(heard?.faults, 0);
    const requests = listener.all.reduce((sum, { counts }) => sum + counts.requests, 0);
    assert.ok(requests + (heard?.dropped ?? 0) >= 1000, `${requests} + ${heard?.dropped}`);
    listener.stop();
  });
});
