import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lastport } from '../support/program.ts';
import { runIn } from './inspector.ts';
import { Subject } from './subject.ts';

/** As the unit has it: MemoryMax. */
const LIMIT_BYTES = 512 * 1024 * 1024;
const CGROUPS = '/sys/fs/cgroup/memory';
const GROW = 'globalThis.all = []; setInterval(() => all.push(Buffer.alloc(32e6, 1)), 10); 0';

/** A memory cgroup of its own, of version 1 or 2, and why there is none. */
function memoryCgroup(): { readonly path: string } | string {
  const [root, file] = existsSync(`${CGROUPS}/memory.limit_in_bytes`)
    ? [CGROUPS, 'memory.limit_in_bytes']
    : ['/sys/fs/cgroup', 'memory.max'];
  try {
    const path = mkdtempSync(join(root, 'lastport-'));
    try {
      writeFileSync(join(path, file), String(LIMIT_BYTES));
      return { path };
    } catch (error) {
      rmdirSync(path);
      throw error;
    }
  } catch (error) {
    return `needs a memory cgroup: ${(error as Error).message}`;
  }
}

describe('no memory', { timeout: 60_000 }, () => {
  it('at its limit the kernel ends it, for the unit to start it again, and the next one goes on', async (test) => {
    const cgroup = memoryCgroup();
    if (typeof cgroup === 'string') {
      test.skip(cgroup);
      return;
    }
    const state = mkdtempSync(join(tmpdir(), 'lastport-memory-'));
    const wrap = ['sh', '-c', `echo $$ > ${cgroup.path}/cgroup.procs && exec "$@"`, 'sh'];
    const options = { env: { LASTPORT_STATE_DIR: state }, wrap, isHere: true, nodeFlags: ['--inspect=127.0.0.1:0'] };
    const watched = () => {
      const { stdout } = lastport(['incidents', '--state-dir', state, '--format', 'json']);
      return (JSON.parse(stdout) as { watched: { since: string; until: string } | null }).watched;
    };
    try {
      const first = await Subject.start(options);
      await first.until('word that it looks', async () => watched());
      const ended = once(first.child, 'exit');
      await runIn('main', first, GROW);
      assert.deepEqual(await ended, [null, 'SIGKILL']);
      await first.end();
      const before = watched();
      const second = await Subject.start(options);
      await second.look();
      assert.equal(await second.end(), 0);
      const after = watched();
      assert.ok(before !== null && after !== null);
      assert.equal(after.since, before.since);
      assert.ok(after.until > before.until);
    } finally {
      // A process that has ended leaves its cgroup a moment later.
      execFileSync('sh', ['-c', `for i in 1 2 3 4 5; do rmdir ${cgroup.path} && exit; sleep 0.1; done`]);
      rmSync(state, { recursive: true });
    }
  });
});
