import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { BcryptThread } from '../../../exporters/web/bcrypt-thread.ts';

/** Of each thread of this process (proc_pid_stat(5), field 19). */
const niceness = () =>
  readdirSync('/proc/self/task').map((id) => {
    const text = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16]);
  });

describe('BcryptThread', () => {
  // The thread itself keeps nothing running: see below.
  let running: NodeJS.Timeout;
  before(() => {
    running = setInterval(() => undefined, 1000);
  });
  after(() => clearInterval(running));

  it('compares, one after the other, and is the only thread of the lowest priority', async () => {
    const thread = new BcryptThread();
    const hash = hashSync('right', 4);
    assert.deepEqual(
      await Promise.all([thread.compare('right', hash), thread.compare('wrong', hash), thread.compare('right', hash)]),
      [true, false, true],
    );
    assert.equal(niceness().filter((nice) => nice === 19).length, 1);
    assert.equal(await thread.compare('right', hash.replace('$2b$', '$2y$')), true, 'as htpasswd writes it');
    await thread.close();
  });

  it('says that it has ended, and begins again', async () => {
    const thread = new BcryptThread();
    const waiting = thread.compare('right', hashSync('right', 4));
    const rejected = assert.rejects(waiting, /Cannot check passwords: the thread has ended/);
    await thread.close();
    await rejected;
    assert.equal(await thread.compare('right', hashSync('right', 4)), true);
    await thread.close();
  });

  it('keeps no program from ending', () => {
    const module = new URL('../../../exporters/web/bcrypt-thread.js', import.meta.url).href;
    const script = `const { BcryptThread } = await import(${JSON.stringify(module)});
      const thread = new BcryptThread();
      const hash = ${JSON.stringify(hashSync('right', 4))};
      const keep = setInterval(() => {}, 1000);
      console.log(await thread.compare('right', hash));
      clearInterval(keep);`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.deepEqual([stdout, status], ['true\n', 0]);
  });
});
