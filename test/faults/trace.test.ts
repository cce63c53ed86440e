import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { IS_LONG, mounted, noNamespaces, withSubject } from './subject.ts';

/** What cannot be started is tried again once a minute (tracing.ts). */
const AGAIN_MS = 70_000;
const MOUNT = 'mount -t tracefs nodev /sys/kernel/tracing';

describe('tracefs', { skip: noNamespaces(), timeout: 120_000 }, () => {
  it('that is taken away takes nothing else with it, is told of when it is missed, and comes back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-trace-'));
    const file = join(folder, 'lastport.yaml');
    const traces = (wanted: boolean) => writeFileSync(file, `trace: ${wanted}\n`);
    traces(true);
    try {
      await withSubject({ wrap: mounted(MOUNT), flags: ['--config', file] }, async (subject) => {
        await subject.look('a trace', ({ trace }) => trace !== null);
        subject.shell('umount --lazy /sys/kernel/tracing');
        const { gaps } = await subject.look();
        assert.deepEqual(gaps, [], 'what it has open it has');
        for (const wanted of [false, true]) {
          traces(wanted);
          subject.signal('SIGHUP');
          await subject.look('another look', ({ trace, gaps }) => trace === null && gaps.length === Number(wanted));
        }
        assert.equal(await subject.metric('lastport_gaps', 'source="sock-trace"'), 1);
        assert.match(await subject.get('/healthz'), /^ok/);
        subject.shell(MOUNT);
        if (!IS_LONG) return;
        await subject.until(
          'a trace again',
          async () => ((await subject.assessment()).trace === null ? null : 'yes'),
          AGAIN_MS,
        );
        assert.deepEqual((await subject.look()).gaps, []);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
