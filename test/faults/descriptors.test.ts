import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { noNamespaces, type Subject, withSubject } from './subject.ts';

const limitFiles = (subject: Subject, soft: number) =>
  execFileSync('prlimit', [`--pid=${subject.pid}`, `--nofile=${soft}:4096`]);

describe('no file descriptors', { skip: noNamespaces(), timeout: 60_000 }, () => {
  it('blind it, which it says to who is connected, and it sees again when there are some', () =>
    withSubject({}, async (subject) => {
      await subject.look();
      const files = subject.openFiles;
      limitFiles(subject, 3);
      const { gaps } = await subject.look('blindness', ({ verdict }) => verdict === 'blind');
      assert.ok(gaps.some(({ why }) => /EMFILE/.test(why)));
      assert.ok(((await subject.metric('lastport_gaps')) ?? 0) > 0);
      assert.equal(await subject.metric('lastport_collector_success', 'proc-sys-net-ipv4'), 0);
      // Who comes now is not heard: there is no descriptor for his connection.
      assert.equal(subject.doctor().daemon.state, 'silent');
      limitFiles(subject, 4096);
      await subject.look('sight', ({ verdict, gaps }) => verdict === 'healthy' && gaps.length === 0);
      assert.equal(subject.doctor().daemon.state, 'healthy');
      assert.ok(subject.openFiles <= files + 2, `${files} open files before, ${subject.openFiles} after`);
    }));
});
