import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { serviceManager } from '../../agent/service-manager.ts';
import { lazyLibc } from '../../collectors/libc.ts';
import { until } from '../e2e/until.ts';
import { NotifySocket } from '../support/notify-socket.ts';
import { Daemon, procfs } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'lastport-notify-'));
after(() => rmSync(folder, { recursive: true }));
const libcOf = lazyLibc();
const PID = 4242;

describe('serviceManager', () => {
  it('is there where the service manager listens, and takes the variables away from child processes', () => {
    const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000', WATCHDOG_PID: `${PID}`, PATH: '/bin' };
    assert.equal(serviceManager(env, PID, libcOf, assert.fail)?.watchdogMs, 30_000);
    assert.deepEqual(env, { PATH: '/bin' });
    assert.equal(serviceManager({}, PID, libcOf, assert.fail), null);
  });

  it('has no watchdog where another process is watched', () => {
    const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' };
    assert.equal(serviceManager(env, PID, libcOf, assert.fail)?.watchdogMs, null);
  });

  it('refuses an address that is none', () => {
    for (const address of ['vsock:2:1234', 'relative', '@', `/${'x'.repeat(107)}`]) {
      assert.throws(() => serviceManager({ NOTIFY_SOCKET: address }, PID, libcOf, assert.fail), /NOTIFY_SOCKET/);
    }
  });

  for (const address of [join(folder, 'notify'), `@lastport-test-${process.pid}`]) {
    it(`is told at ${address.replace(/.*\//, 'a path: ')}, also after it was started anew`, () => {
      const errors: string[] = [];
      const manager = serviceManager({ NOTIFY_SOCKET: address }, PID, libcOf, ({ message }) => errors.push(message));
      manager?.send('lost');
      manager?.send('lost too');
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? '', /^Cannot reach the service manager at \$NOTIFY_SOCKET: /);
      for (const text of ['READY=1\nSTATUS=ok', 'WATCHDOG=1']) {
        const socket = new NotifySocket(address);
        manager?.send(text);
        assert.deepEqual(socket.read(), text.split('\n'));
        socket.close();
        if (address.startsWith('/')) unlinkSync(address);
      }
      assert.equal(errors.length, 1);
    });
  }

  it('says once why nobody hears, where koffi cannot be loaded', () => {
    const errors: string[] = [];
    const none = () => {
      throw new Error('Cannot load koffi: not here');
    };
    const manager = serviceManager({ NOTIFY_SOCKET: '/run/x' }, PID, none, ({ message }) => errors.push(message));
    manager?.send('READY=1');
    manager?.send('WATCHDOG=1');
    assert.deepEqual(errors, ['Cannot load koffi: not here']);
  });
});

describe('lastport run, started by a service manager', () => {
  it('tells when it is ready, how things are, that it lives, reloads and ends', async () => {
    const address = join(folder, 'manager');
    const socket = new NotifySocket(address);
    const tree = procfs({});
    const config = join(folder, 'lastport.yaml');
    writeFileSync(config, 'tick: 100ms\n');
    const daemon = new Daemon(
      ['--listen', '127.0.0.1:0', '--procfs', tree.path, '--probe-socket', 'off', '--config', config],
      { NOTIFY_SOCKET: address, WATCHDOG_USEC: '30000000' },
    );
    const heard: string[] = [];
    const hears = (line: RegExp, from: number) =>
      until(String(line), async () => {
        heard.push(...socket.read());
        return heard.slice(from).find((one) => line.test(one)) ?? null;
      });
    try {
      await hears(/^READY=1$/, 0);
      await hears(/^STATUS=\w+ \S+: /, 0);
      const alive = heard.length;
      await hears(/^WATCHDOG=1$/, alive);
      const then = heard.length;
      writeFileSync(config, 'tick: 60s\n');
      daemon.child.kill('SIGHUP');
      await hears(/^RELOADING=1$/, then);
      await hears(/^READY=1$/, then);
      // Three ticks: longer than the unit's thirty seconds.
      await hears(/^WATCHDOG_USEC=180000000$/, then);
      const exit = once(daemon.child, 'close');
      daemon.child.kill('SIGTERM');
      await hears(/^STOPPING=1$/, then);
      await exit;
      assert.equal(daemon.child.exitCode, 0);
    } finally {
      await daemon.end('SIGKILL');
      socket.close();
      tree.remove();
    }
  });
});
