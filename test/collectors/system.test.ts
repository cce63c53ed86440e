import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readInventory } from '../../collectors/system.ts';
import { needs } from '../support/needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'lastport-system-'));
after(() => rmSync(folder, { recursive: true }));

/** A program for the child, in place of systeminformation's. */
function program(name: string, text: string): URL {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, text);
  return pathToFileURL(path);
}

/** As systeminformation does where `hostname -f` gets no answer: waits for a shell. Both hold the pipe open. */
const pipe = join(folder, 'pipe');
const HANGS = program(
  'hangs',
  `import { spawnSync } from 'node:child_process';
   spawnSync('sh', ['-c', 'exec 3>"$0"; echo started >&3; sleep 600 & wait', ${JSON.stringify(pipe)}]);`,
);

describe('readInventory', () => {
  it("tells what node:os knows too, and the distribution's name", async () => {
    const inventory = await readInventory({ deadlineMs: 60_000 });
    assert.equal(inventory.architecture, arch());
    assert.equal(inventory.cpus, cpus().length);
    assert.ok(Math.abs(inventory.memoryBytes - totalmem()) < 4096, `${inventory.memoryBytes} bytes`);
    assert.match(inventory.distribution, /\S/);
    assert.match(inventory.release, /\S/);
    assert.ok([true, false, null].includes(inventory.virtual));
  });

  it('says so when it is late', async () => {
    await assert.rejects(readInventory({ deadlineMs: 1, program: HANGS }), {
      message: 'Cannot ask systeminformation: no answer within 1 ms',
    });
  });

  it('ends on abort, and leaves neither the child nor the shells it waits for', { skip: needs('mkfifo') }, async () => {
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const abort = new AbortController();
    const asked = readInventory({ signal: abort.signal, deadlineMs: 60_000, program: HANGS });
    const rejected = assert.rejects(asked, { message: 'Cannot ask systeminformation: The operation was aborted' });
    // The stream ends when the last who holds the pipe is gone.
    for await (const text of createReadStream(pipe, 'utf8')) {
      assert.equal(text, 'started\n');
      abort.abort();
    }
    await rejected;
  });

  it('starts nothing when it is aborted before', async () => {
    await assert.rejects(readInventory({ signal: AbortSignal.abort() }), /^Error: Cannot ask systeminformation: /);
  });

  for (const [name, text, message] of [
    ['the child fails', "process.send({ error: 'finds no CPU' })", 'Cannot ask systeminformation: finds no CPU'],
    [
      'the child ends in silence',
      'process.exit(7)',
      'Cannot ask systeminformation: its process ended without an answer (exit code 7)',
    ],
    [
      'the child is killed',
      "process.kill(process.pid, 'SIGKILL')",
      'Cannot ask systeminformation: its process ended without an answer (SIGKILL)',
    ],
  ] as const) {
    it(`says why when ${name}`, async () => {
      const asked = readInventory({ deadlineMs: 60_000, program: program(name.replaceAll(' ', '-'), text) });
      await assert.rejects(asked, (error: Error) => {
        assert.equal(error.message, message);
        return error.cause instanceof Error;
      });
    });
  }
});
