import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmdirSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { noNamespaces, type Subject, withSubject } from './subject.ts';

const LOST = 'lastport_log_lines_lost_total';
/** More than the 64 KiB that a pipe holds, at some 80 bytes for a reload. */
const MANY = 1500;
/** A signal that comes while one is handled is one with it. */
const PAUSE_MS = 1;

/** Makes it log, until lines are lost. */
async function logUntilLost(subject: Subject): Promise<void> {
  await subject.until(
    'lines that are lost',
    async () => {
      for (let sent = 0; sent < MANY / 10; sent++) {
        subject.signal('SIGHUP');
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      return (await subject.metric(LOST)) === 0 ? null : 'yes';
    },
    20_000,
  );
}

const daemonSights = (subject: Subject) => subject.doctor().sights.filter(({ what }) => what === 'daemon');
const isWhole = ({ gaps }: { readonly gaps: readonly { readonly source: string }[] }) =>
  gaps.every(({ source }) => source !== 'log');

describe('a log', { skip: noNamespaces(), timeout: 60_000 }, () => {
  it('that nobody reads stops nothing and fills no memory, and goes on when somebody does', () =>
    withSubject({ stdout: 'pipe' }, async (subject) => {
      await logUntilLost(subject);
      const before = subject.residentBytes;
      for (let sent = 0; sent < MANY; sent++) subject.signal('SIGHUP');
      const { gaps, verdict } = await subject.look();
      assert.equal(verdict, 'healthy');
      assert.match(gaps.find(({ source }) => source === 'log')?.why ?? '', /EAGAIN/);
      assert.match(daemonSights(subject)[0]?.found ?? '', /lines of the log.*EAGAIN/);
      assert.match(subject.stderr, /^lastport: Cannot write to stdout: EAGAIN[^\n]*; going on without the log\n$/);
      assert.ok(subject.residentBytes - before < 16e6, `${subject.residentBytes - before} bytes more`);

      assert.ok(subject.child.stdout !== null);
      const lines = createInterface({ input: subject.child.stdout });
      const seen: string[] = [];
      lines.on('line', (line) => seen.push(line));
      await subject.look('the log whole', isWhole);
      const parsed = seen.map((line) => JSON.parse(line) as { msg: string; lines?: number });
      const told = parsed.filter(({ msg }) => msg.startsWith('lines of the log were lost'));
      assert.equal(
        told.reduce((sum, { lines: count = 0 }) => sum + count, 0),
        await subject.metric(LOST),
      );
      subject.signal('SIGHUP');
      const [line] = (await once(lines, 'line')) as [string];
      assert.match(line, /configuration reloaded|visible again/);
      assert.deepEqual(daemonSights(subject), []);
    }));

  it('whose pipe is closed is lost, counted and told, and nothing else', () =>
    withSubject({ stdout: 'pipe' }, async (subject) => {
      subject.child.stdout?.destroy();
      await logUntilLost(subject);
      assert.match((await subject.look()).gaps.find(({ source }) => source === 'log')?.why ?? '', /EPIPE/);
    }));

  it('whose disk is full goes on in whole lines when there is room', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'lastport-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', disk]);
    const file = join(disk, 'log');
    const fd = openSync(file, 'a');
    try {
      await withSubject({ stdout: fd }, async (subject) => {
        await logUntilLost(subject);
        assert.match(daemonSights(subject)[0]?.found ?? '', /lines of the log.*ENOSPC/);
        const full = readFileSync(file, 'utf8');
        truncateSync(file);
        await subject.look('the log whole', isWhole);
        const all = `${full}${readFileSync(file, 'utf8')}`;
        for (const line of all.trimEnd().split('\n')) JSON.parse(line);
        assert.match(all, /lines of the log were lost/);
      });
    } finally {
      closeSync(fd);
      execFileSync('umount', [disk]);
      rmdirSync(disk);
    }
  });
});
