import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Client, request } from 'undici';
import type { Assessment } from '../../agent/model/assessment.ts';
import { until } from '../e2e/until.ts';
import { encodeTable, type Row } from '../support/proc-net-tcp.ts';
import { Daemon, lastport, MAIN, procfs } from '../support/program.ts';

const directory = mkdtempSync(join(tmpdir(), 'lastport-main-'));
after(() => rmSync(directory, { recursive: true }));

const row: Row = { local: [0x7f000001], localPort: 40010, remote: [0x7f000001], remotePort: 80, state: 'established' };
const oneLine = (text: string) => assert.match(text, /^lastport: [^\n]+\n$/);

function config(text: string): string {
  const path = join(directory, 'lastport.yaml');
  writeFileSync(path, text);
  return path;
}

describe('lastport, used wrongly, says so in one line and ends with 64:', () => {
  for (const [args, expected] of [
    [[], /give a command: run, check, top, explain, incidents, plan, rules, dashboard or doctor/],
    [['chek'], /chek/],
    [['check', '--frmat', 'json'], /--frmat: unknown option; did you mean --format\?/],
    [['check', '--format', 'xml'], /--format: "xml"/],
    [['check', '--format'], /format/],
    [['check', '--to', 'nowhere'], /--to: "nowhere" is not a HOST:PORT/],
    [['check', 'extra'], /extra/],
    [['check', '--constructor', '1'], /constructor|options/],
    [['check', '--max-destinations', '1'], /--max-destinations/],
    [['run', '--tick', '5'], /--tick: "5"/],
    [['run', '--listen', '9477'], /--listen: "9477"/],
    [['run', '--max-destinations', 'many'], /--max-destinations: "many"/],
    [['check', '--engine', 'netlink'], /--engine: "netlink" will not do; use auto, sock_diag or procfs/],
    [['check', '--config', '/nonexistent.yaml'], /--config: cannot read "\/nonexistent\.yaml": no such file/],
    [['run', '--web-config', '/nonexistent.yml'], /--web-config: cannot read "\/nonexistent\.yml": no such file/],
    [['run', '--api-socket', 'api.sock'], /--api-socket: "api.sock" needs an absolute path/],
    [['check', '--web-config', 'x'], /--web-config: not an option of check; it belongs to run and doctor/],
  ] as const) {
    it(['lastport', ...args].join(' '), () => {
      const { status, stdout, stderr } = lastport(args);
      oneLine(stderr);
      assert.match(stderr, expected);
      assert.equal(stdout, '');
      assert.equal(status, 64);
    });
  }

  it('a variable', () => {
    const { status, stderr } = lastport(['check'], { LASTPORT_FORMAT: 'xml' });
    oneLine(stderr);
    assert.match(stderr, /LASTPORT_FORMAT: "xml"/);
    assert.equal(status, 64);
  });

  it('a wrong key in the file, with its line and column', () => {
    const path = config('format: json\ntikc: 1s\n');
    const { status, stderr } = lastport(['check', '--config', path]);
    oneLine(stderr);
    assert.ok(stderr.includes(`${path}:2:1`), stderr);
    assert.match(stderr, /did you mean tick\?/);
    assert.equal(status, 64);
  });
});

describe('lastport run --web-config', () => {
  const secret = `$2y$04$${'x'.repeat(53)}`;
  const path = join(directory, 'web.yml');
  const own = ['--state-dir', 'off', '--probe-socket', 'off', '--netns', 'self'];

  it('names file, line and column of what is wrong, and no secret', () => {
    writeFileSync(path, `basic_auth_users:\n  a: ${secret}\n  b: hunter2\n`);
    const { status, stdout, stderr } = lastport(['run', '--listen', '127.0.0.1:0', '--web-config', path, ...own]);
    assert.equal(
      stderr,
      `lastport: ${path}:3:6: basic_auth_users.b: not a bcrypt hash; make one with: htpasswd -nBC 10 ""\n`,
    );
    assert.deepEqual([status, stdout], [64, '']);
  });

  it('serves who has a password over a Unix socket too, and doctor by its own; a bad change changes nothing', async () => {
    writeFileSync(path, `basic_auth_users:\n  a: ${secret}\n`);
    const api = join(directory, 'api.sock');
    const listen = `unix:${join(directory, 'http.sock')}`;
    const daemon = new Daemon(['--listen', listen, '--web-config', path, '--api-socket', api, ...own]);
    try {
      await daemon.address();
      const client = new Client('http://localhost', { socketPath: listen.slice('unix:'.length) });
      const { statusCode, body } = await client.request({ path: '/metrics', method: 'GET' });
      await body.dump();
      assert.equal(statusCode, 401);
      const { stdout } = lastport(['doctor', '--listen', listen, '--api-socket', api, '--format', 'json']);
      const found = JSON.parse(stdout).daemon;
      assert.deepEqual([found.state, found.listen], ['healthy', `unix:${api}`], stdout.slice(0, 200));
      const guarded = lastport(['doctor', '--listen', listen, '--api-socket', 'off', '--format', 'json']);
      assert.match(JSON.parse(guarded.stdout).daemon.detail, /it asks who you are \(401\)/);
      writeFileSync(path, 'basic_auth_users: hunter2\n');
      const from = daemon.lines.length;
      daemon.child.kill('SIGHUP');
      const line = await daemon.line(/web configuration not reloaded, the old one stays/, from);
      assert.match(String(line['err']), /web\.yml:1:19: basic_auth_users: a group of keys is meant/);
      const again = await client.request({ path: '/metrics', method: 'GET' });
      await again.body.dump();
      assert.equal(again.statusCode, 401);
      await client.close();
      assert.ok(!JSON.stringify(daemon.lines).includes('hunter2'));
    } finally {
      assert.equal(await daemon.end(), 0);
    }
  });
});

describe('lastport check', () => {
  const check = (files: Parameters<typeof procfs>[0], ...args: string[]) => {
    const tree = procfs(files);
    try {
      const result = lastport(['check', '--procfs', tree.path, '--format', 'json', ...args]);
      return { ...result, assessment: JSON.parse(result.stdout) as Assessment };
    } finally {
      tree.remove();
    }
  };

  it('answers for this host', () => {
    const { status, stdout, stderr } = lastport(['check']);
    assert.match(stdout, /^(OK|WARNING|CRITICAL) /);
    assert.ok([0, 1, 2].includes(status ?? -1), stderr);
  });

  it('prints the Assessment as JSON', () => {
    const { assessment, status } = check({});
    const [only] = assessment.namespaces;
    assert.equal(assessment.schema, 'lastport/1');
    assert.deepEqual(only?.range, { low: 40000, high: 40099 });
    assert.equal(only?.reservedPorts, 10);
    assert.equal(only?.usablePorts, 90);
    assert.equal(only?.blockedPorts, 1);
    const api = only?.destinations.find(({ remote, remotePort }) => remote === '127.0.0.1' && remotePort === 8080);
    assert.equal(api?.local, '127.0.0.1');
    assert.equal(typeof api?.headroomPorts, 'number');
    assert.equal(status, 0);
  });

  it('ends with 1 for a warning and 2 for critical', () => {
    const range = (low: number, high: number) => ({
      'sys/net/ipv4/ip_local_port_range': `${low}\t${high}\n`,
      'sys/net/ipv4/ip_local_reserved_ports': '\n',
      'sys/net/ipv4/tcp_tw_reuse': '0\n',
    });
    // 40000 and 40014 are in use: of two ports the one connect() takes first, and the only one.
    assert.equal(check(range(40014, 40015)).status, 1);
    assert.equal(check(range(40000, 40000)).status, 2);
  });

  for (const [what, files, why] of [
    [
      'a range of nonsense',
      { 'sys/net/ipv4/ip_local_port_range': 'from here to there\n' },
      /Cannot parse sys\/net\/ipv4\/ip_local_port_range: "from here to there" is not two ports/,
    ],
    ['no range', { 'sys/net/ipv4/ip_local_port_range': null }, /ENOENT.*ip_local_port_range/],
    ['no table', { 'net/tcp': null }, /ENOENT.*net\/tcp/],
    [
      'another file for a table',
      { 'net/tcp': 'Hello\n' },
      /Cannot parse net\/tcp:1: "Hello" is not the header of a socket table/,
    ],
    ['an empty table', { 'net/tcp6': '' }, /Cannot parse net\/tcp6:1/],
  ] as const) {
    it(`is blind, 3, with ${what}`, () => {
      const { status, stderr, assessment } = check(files);
      oneLine(stderr);
      assert.match(stderr, why);
      assert.ok(assessment.gaps.some((gap) => why.test(gap.why)));
      assert.equal(assessment.verdict, 'blind');
      assert.equal(assessment.namespaces[0]?.usablePorts, null);
      assert.equal(status, 3);
    });
  }

  it('gives the reason that decides first', () => {
    const { stderr } = check({ 'net/tcp': null, 'net/tcp6': null, 'net/sockstat': null });
    assert.match(stderr, /^lastport: proc-net-tcp: .*net\/tcp'/);
  });

  it('is blind, 3, where there is no procfs', () => {
    const { status, stdout, stderr } = lastport(['check', '--procfs', '/nonexistent']);
    oneLine(stderr);
    assert.match(stdout, /^BLIND .*\/nonexistent/);
    assert.equal(status, 3);
  });

  it('goes on without IPv6, and says so', () => {
    const { status, assessment } = check({ 'net/tcp6': null });
    assert.deepEqual(
      assessment.gaps.filter(({ source }) => source === 'proc-net-tcp').map(({ why }) => why),
      ['net/tcp6 does not exist'],
    );
    assert.equal(status, 0);
  });

  it('counts a row it cannot understand against the low bound', () => {
    const broken = `${encodeTable([row], 4)}ZZ\n`;
    const { assessment } = check({ 'net/tcp': broken }, '--to', '127.0.0.1:8080');
    const one = assessment.namespaces[0]?.destinations.find(({ remotePort }) => remotePort === 8080);
    assert.ok((one?.headroomPorts ?? 0) > (one?.headroomPortsLow ?? 0));
    assert.ok(assessment.gaps.some(({ why }) => /^Cannot parse net\/tcp:3: "ZZ"/.test(why)));
  });

  it('is blind, 3, where not one row can be understood', () => {
    const { status, stderr } = check({ 'net/tcp': `${encodeTable([], 4)}${'garbage\n'.repeat(1000)}` });
    oneLine(stderr);
    assert.match(stderr, /Cannot parse net\/tcp:2: "garbage"/);
    assert.equal(status, 3);
  });

  for (const name of ['net/sockstat', 'sys/net/ipv4/ip_local_reserved_ports']) {
    it(`takes nothing for certain without ${name}`, () => {
      const { assessment } = check({ [name]: null }, '--to', '127.0.0.1:1234');
      const one = assessment.namespaces[0]?.destinations.find((found) => found.asked);
      assert.ok((one?.headroomPorts ?? 0) > 0);
      assert.equal(one?.headroomPortsLow, 0);
      assert.ok(assessment.gaps.some(({ costs }) => costs.includes('headroomPortsLow is 0')));
    });
  }

  it('answers for the names that there are, and says which there are not', () => {
    const { assessment } = check({}, '--to', '127.0.0.1:1234', '--to', 'nowhere.invalid:80');
    assert.ok(assessment.namespaces[0]?.destinations.some(({ asked }) => asked));
    assert.ok(assessment.gaps.some(({ why }) => /nowhere\.invalid:80: cannot resolve/.test(why)));
  });

  it('keeps its exit code when nobody reads its answer', async () => {
    const tree = procfs({ 'sys/net/ipv4/ip_local_port_range': '40000\t40000\n' });
    try {
      const child = spawn(process.execPath, [MAIN, 'check', '--procfs', tree.path]);
      child.stdout.destroy(); // long before it has something to write
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      await once(child, 'close');
      assert.equal(stderr, '');
      assert.equal(child.exitCode, 2);
    } finally {
      tree.remove();
    }
  });

  it('is blind where its answer cannot be written', () => {
    const tree = procfs({ 'sys/net/ipv4/ip_local_port_range': '40000\t40000\n' });
    try {
      const shell = (redirect: string) =>
        spawnSync('sh', ['-c', `"$0" "$1" check --procfs "$2" ${redirect}`, process.execPath, MAIN, tree.path], {
          encoding: 'utf8',
        });
      const closed = shell('>&-');
      assert.equal(closed.status, 2, closed.stderr);
      const full = shell('>/dev/full');
      oneLine(full.stderr);
      assert.match(full.stderr, /Cannot write to stdout: .*ENOSPC/);
      assert.equal(full.status, 3);
    } finally {
      tree.remove();
    }
  });

  it('reports a destination that nobody uses', () => {
    const { assessment } = check({}, '--to', '127.0.0.1:1234', '--to', '[::ffff:127.0.0.1]:1235');
    const asked = assessment.namespaces[0]?.destinations.filter((one) => one.asked) ?? [];
    assert.deepEqual(
      asked.map(({ local, remote, remotePort }) => [local, remote, remotePort]),
      [
        ['127.0.0.1', '127.0.0.1', 1234],
        ['127.0.0.1', '127.0.0.1', 1235],
      ],
    );
  });
});

describe('lastport incidents', () => {
  it('says plainly that there are none', () => {
    const { status, stdout, stderr } = lastport(['incidents', '--state-dir', join(directory, 'none')]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(stdout, `No incidents: nothing has been recorded yet in ${join(directory, 'none')}/incidents\n`);
    assert.match(lastport(['incidents']).stdout, /^No incidents are recorded: --state-dir is off\n$/);
  });

  it('says in one line that it may not read, and ends with 3', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const { status, stdout, stderr } = lastport(['incidents', '--state-dir', file]);
    oneLine(stderr);
    assert.match(stderr, /Cannot read incidents: ENOTDIR/);
    assert.deepEqual([status, stdout], [3, '']);
  });
});

describe('lastport run', { timeout: 60_000 }, () => {
  const get = async (url: string) => {
    const { statusCode, body } = await request(url);
    return { status: statusCode, text: await body.text() };
  };

  it('serves what it sees until SIGTERM', async () => {
    const tree = procfs();
    const daemon = new Daemon(['--listen', '127.0.0.1:0', '--procfs', tree.path]);
    try {
      const address = await daemon.address();
      // The first look follows at once; until then it says that it is not ready.
      let ready = await get(`http://${address}/readyz`);
      while (ready.status === 503) ready = await get(`http://${address}/readyz`);
      assert.match(
        (await get(`http://${address}/metrics`)).text,
        /^lastport_ephemeral_ports\{netns="host",kind="usable"\} 90$/m,
      );
      assert.equal((await get(`http://${address}/healthz`)).status, 200);
      assert.equal(
        (JSON.parse((await get(`http://${address}/api/assessment`)).text) as Assessment).schema,
        'lastport/1',
      );
    } finally {
      assert.equal(await daemon.end(), 0);
      tree.remove();
    }
    assert.equal(daemon.stderr, '');
  });

  it('serves on a Unix socket and ends on SIGINT', async () => {
    const path = join(directory, 'run.sock');
    const daemon = new Daemon(['--listen', `unix:${path}`]);
    await daemon.address();
    const client = new Client('http://localhost', { socketPath: path });
    const { statusCode, body } = await client.request({ path: '/metrics', method: 'GET' });
    await body.dump();
    await client.close();
    assert.equal(statusCode, 200);
    assert.equal(await daemon.end('SIGINT'), 0);
  });

  it('says in one line that its address is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { status, stderr } = lastport(['--listen', `127.0.0.1:${port}`, 'run']);
    server.close();
    oneLine(stderr);
    assert.ok(stderr.includes(`127.0.0.1:${port} is in use; choose another address with --listen`), stderr);
    assert.equal(status, 1);
  });

  it('leaves word that it has looked, for lastport incidents', async () => {
    const state = join(directory, 'state');
    const daemon = new Daemon(['--listen', '127.0.0.1:0', '--netns', 'self', '--state-dir', state]);
    await daemon.address();
    assert.equal(await daemon.end(), 0);
    const { status, stdout } = lastport(['incidents', '--state-dir', state, '--format', 'json']);
    assert.equal(status, 0);
    const { watched } = JSON.parse(stdout) as { watched: { since: string; until: string } };
    assert.ok(watched.since <= watched.until);
  });

  it('goes on without its log when that cannot be written', async () => {
    const daemon = new Daemon(['--listen', '127.0.0.1:0', '--tick', '100ms', '--log-level', 'info']);
    try {
      const address = await daemon.address();
      daemon.child.stdout?.destroy();
      daemon.child.kill('SIGHUP'); // which is logged
      await once(daemon.child.stderr!, 'data');
      assert.match(daemon.stderr, /^lastport: Cannot write to stdout: EPIPE[^;]*; going on without the log\n$/);
      assert.equal((await get(`http://${address}/healthz`)).status, 200);
    } finally {
      assert.equal(await daemon.end(), 0);
    }
  });

  it('reloads its file on SIGHUP, and keeps the old one when the new one is bad', async () => {
    const path = config('listen: 127.0.0.1:0\ntick: 100ms\n');
    const daemon = new Daemon(['--config', path]);
    try {
      const address = await daemon.address();
      config('tick: soon\n');
      daemon.child.kill('SIGHUP');
      const refused = await daemon.line(/not reloaded/);
      assert.match(String(refused['err']), /lastport\.yaml:1:\d+: tick: "soon"/);
      // Looks go on; on a starved host the last one may be too old at this very moment.
      await until('health', async () => ((await get(`http://${address}/healthz`)).status === 200 ? 'yes' : null));
      const from = daemon.lines.length;
      config('tick: 200ms\nlisten: 127.0.0.1:1\n');
      daemon.child.kill('SIGHUP');
      await daemon.line(/^configuration reloaded$/, from);
      assert.equal((await daemon.line(/takes effect at the next start/, from))['option'], 'listen');
    } finally {
      assert.equal(await daemon.end(), 0);
    }
  });
});
