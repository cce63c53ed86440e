import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Programs, scriptOf } from '../../collectors/programs.ts';
import { fakeHost } from '../support/fake-host.ts';

const stat = (pid: number, comm: string, startTime: number) =>
  `${pid} (${comm}) S 1 ${'0 '.repeat(17)}${startTime} 1000 50\n`;

describe('Programs', () => {
  it('tells what a process is called, its unit and its container', () => {
    const programs = new Programs(
      fakeHost({
        '42/stat': stat(42, 'node', 5),
        '42/cmdline': 'node\0--import\0x\0/srv/app/server.js\0--token=secret\0',
        '42/cgroup': '0::/system.slice/api.service\n',
        '42/status': 'Name:\tnode\nUid:\t1000\t33\t0\t0\n',
        '43/stat': stat(43, 'a) S (b\x1b', 6),
        '43/cgroup': `5:pids:/\n1:name=systemd:/docker/${'ab'.repeat(32)}\n`,
      }),
      { userName: (uid) => (uid === 33 ? 'api' : null) },
    );
    const at = (pid: number) => programs.at(programs.identify(pid));
    assert.deepEqual(at(42), {
      pid: 42,
      comm: 'node',
      command: 'node server.js',
      user: 'api',
      commandLine: null,
      unit: 'api.service',
      container: null,
    });
    assert.deepEqual(at(43), {
      pid: 43,
      comm: 'a) S (b?',
      command: 'a) S (b?',
      user: null,
      commandLine: null,
      unit: null,
      container: 'abababababab',
    });
    assert.equal(programs.identify(44), 0);
  });

  it("calls a Node whose main thread has a name of its own by its file's", () => {
    const stats = { '42/stat': stat(42, 'MainThread', 5), '42/cmdline': '/usr/bin/node\0/srv/app.js\0' };
    const programs = new Programs(fakeHost(stats));
    const { comm, command } = programs.at(programs.identify(42)) ?? {};
    assert.deepEqual([comm, command], ['node', 'node app.js']);
    assert.equal(programs.identify(42), programs.identify(42));
  });

  it('tells the arguments on request, and the uid of a user that has no name', () => {
    const files = {
      '42/stat': stat(42, 'node', 5),
      '42/cmdline': 'node\0server.js\0--token=secret\0\x1b[2J\0',
      '42/status': 'Uid:\t7\t7\t7\t7\n',
    };
    const programs = new Programs(fakeHost(files), { wantsCommandLine: true });
    const { commandLine, user } = programs.at(programs.identify(42)) ?? {};
    assert.deepEqual([commandLine, user], ['node server.js --token=*** ?[2J', '7']);
  });

  it('tells a process from the one that had its pid before, and does not forget that', () => {
    const files: Record<string, string> = { '42/stat': stat(42, 'curl', 5) };
    const programs = new Programs(fakeHost(files));
    const first = programs.identify(42);
    assert.equal(programs.identify(42), first);
    files['42/stat'] = stat(42, 'nginx', 99);
    const second = programs.identify(42);
    assert.notEqual(second, first);
    assert.deepEqual([programs.at(first)?.comm, programs.at(second)?.comm], ['curl', 'nginx']);
  });

  it('calls a process by its new name as soon as it has called exec()', () => {
    const files: Record<string, string> = { '42/stat': stat(42, 'node', 5), '42/cmdline': 'node\0server.js\0' };
    const programs = new Programs(fakeHost(files));
    const first = programs.identify(42);
    files['42/stat'] = stat(42, 'curl', 5);
    files['42/cmdline'] = 'curl\0http://x\0';
    assert.equal(programs.identify(42), first);
    assert.equal(programs.at(first)?.command, 'curl');
  });

  it('forgets those identified least recently, and gives their numbers to nobody', () => {
    const files: Record<string, string> = {};
    for (let pid = 1; pid <= 5000; pid++) files[`${pid}/stat`] = stat(pid, 'x', 1);
    const programs = new Programs(fakeHost(files));
    const first = programs.identify(1);
    for (let pid = 2; pid <= 5000; pid++) programs.identify(pid);
    assert.equal(programs.at(first), null);
    assert.equal(programs.at(5000)?.pid, 5000);
    assert.equal(programs.identify(1), 5001);
  });
});

describe('scriptOf', () => {
  for (const [argv, script] of [
    [['node', 'a/b.js', '--password', 'x'], 'b.js'],
    [['/usr/bin/python3.11', '-u', '-W', 'ignore', 'w.py'], 'w.py'],
    [['python3', '-m', 'http.server', '80'], '-m http.server'],
    [['deno', 'run', '--allow-net', 'main.ts'], 'main.ts'],
    [['node', '-e', 'fetch("http://user:pass@x")'], null],
    [['node', '--eval', 'code'], null],
    [['python3', '-c', 'code'], null],
    [['perl', '-pe', 's/a/b/'], null],
    [['bash', '-lc', 'TOKEN=1 curl x'], null],
    [['node'], null],
    [['curl', 'http://user:pass@x'], null],
    [[''], null],
  ] as const) {
    it(`${argv.join(' ')} → ${script}`, () => assert.equal(scriptOf(argv), script));
  }
});
