import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '../e2e/until.ts';
import { needs } from '../support/needs.ts';
import { noNamespaces, Subject } from './subject.ts';

/** All ports of a destination, so that there is an incident to write down. */
const HOLD = `
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen(4096)
held = []
try:
    while True: held.append(socket.create_connection(("127.0.0.1", 8080)))
except OSError: pass
time.sleep(60)
`;

/** A disk that answers while its server (FUSE) runs, and hangs while that is stopped. */
async function withDisk(work: (path: string, disk: ChildProcess) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-slow-'));
  const [below, path] = [join(folder, 'below'), join(folder, 'disk')];
  for (const one of [join(below, 'is-mounted'), path]) mkdirSync(one, { recursive: true });
  const disk = spawn('bindfs', ['-f', below, path], { stdio: 'ignore' });
  try {
    await until('a disk', async () => (existsSync(join(path, 'is-mounted')) ? 'yes' : null));
    await work(path, disk);
  } finally {
    const ended = once(disk, 'exit');
    disk.kill('SIGKILL'); // which fails whatever waits for it
    await ended;
    execFileSync('umount', ['--lazy', path]);
    rmSync(folder, { recursive: true });
  }
}

const skip = noNamespaces() || needs('bindfs') || (!existsSync('/dev/fuse') && 'needs FUSE');
describe('a disk that hangs', { skip, timeout: 60_000 }, () => {
  it('keeps no look waiting, is told of, and has the incident when it goes on', () =>
    withDisk(async (path, disk) => {
      const subject = await Subject.start({ env: { LASTPORT_STATE_DIR: path }, ports: '40000 40199' });
      const incidents = join(path, 'incidents');
      try {
        await subject.until('word that it looks', async () => (existsSync(incidents) ? 'yes' : null));
        disk.kill('SIGSTOP');
        subject.run('python3', ['-c', HOLD]);
        await subject.untilMetric('lastport_incidents_total', (count) => count === 1);
        const { gaps } = await subject.look('a Gap', ({ gaps }) => gaps.some(({ source }) => source === 'incidents'));
        assert.match(gaps[0]?.why ?? '', /the disk has not answered for \d+ s/);
        assert.match(await subject.get('/healthz'), /^ok/);
        disk.kill('SIGCONT');
        await subject.look('no Gap', ({ gaps }) => gaps.length === 0);
        await subject.until('the incident', async () =>
          readdirSync(incidents).some((name) => name.endsWith('.jsonl.gz')) ? 'yes' : null,
        );
      } finally {
        disk.kill('SIGCONT');
        assert.equal(await subject.end(), 0);
      }
    }));

  it('does not keep it from ending', () =>
    withDisk(async (path, disk) => {
      const subject = await Subject.start({ env: { LASTPORT_STATE_DIR: path } });
      await subject.until('word that it looks', async () => (existsSync(join(path, 'incidents')) ? 'yes' : null));
      disk.kill('SIGSTOP');
      // Its last word is what hangs now.
      await subject.end();
      assert.equal(subject.child.signalCode, 'SIGKILL', 'its own, after 5 s');
    }));
});
