import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { incidents } from '../../../agent/commands/incidents.ts';
import type { Config } from '../../../agent/config/config.ts';
import { encodeIncident, fileNameOf } from '../../../exporters/incidents/file.ts';
import { type FakeFolder, fakeFolder, incident } from '../../support/incidents.ts';

async function ask(folder: FakeFolder | null, settings: Partial<Config> = {}) {
  const told = { stdout: '', stderr: '' };
  const code = await incidents({ format: 'table', stateDir: 'auto', ...settings } as Config, {
    folder,
    stdout: (text) => {
      told.stdout += text;
    },
    stderr: (text) => {
      told.stderr += text;
    },
  });
  return { code, ...told };
}

async function folderOf(count: number): Promise<FakeFolder> {
  const folder = fakeFolder();
  for (let index = 0; index < count; index++) {
    const one = incident(index);
    folder.files.set(fileNameOf(one.summary.id), { bytes: await encodeIncident(one), changedAt: 0 });
  }
  return folder;
}

describe('lastport incidents', () => {
  it('ends with 0, with incidents and without', async () => {
    const some = await ask(await folderOf(2));
    assert.deepEqual([some.code, some.stderr], [0, '']);
    assert.match(some.stdout, /10\.9\.0\.2:8080/);
    assert.match(some.stdout, /^2 incidents$/m);
    const none = await ask(fakeFolder());
    assert.deepEqual([none.code, none.stderr], [0, '']);
    assert.match(none.stdout, /^No incidents: nothing has been recorded yet in \/state\/incidents\n$/);
  });

  it('gives JSON for programs', async () => {
    const { stdout } = await ask(await folderOf(1), { format: 'json' });
    const answer = JSON.parse(stdout);
    assert.deepEqual(
      [answer.schema, answer.folder, answer.incidents.length],
      ['lastport-incidents/1', '/state/incidents', 1],
    );
  });

  it('says why there is nothing where nothing is recorded', async () => {
    assert.equal((await ask(null, { stateDir: 'off' })).stdout, 'No incidents are recorded: --state-dir is off\n');
    assert.match(
      (await ask(null)).stdout,
      /^No incidents are recorded: there is no home for them; give --state-dir DIR\n$/,
    );
    const { folder, incidents: list } = JSON.parse((await ask(null, { format: 'json' })).stdout);
    assert.deepEqual([folder, list], [null, []]);
  });

  it('tells of damaged files in a line each, of many in one', async () => {
    const folder = await folderOf(9);
    for (const one of [...folder.files.values()].slice(0, 7)) one.bytes = one.bytes.subarray(0, 30);
    const { code, stdout, stderr } = await ask(folder);
    assert.equal(code, 0);
    assert.match(stdout, /^2 incidents$/m);
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 6);
    assert.match(
      lines[0]!,
      /^lastport: \/state\/incidents\/20261123T\d+Z\.jsonl\.gz is skipped: unexpected end of file$/,
    );
    assert.equal(lines[5], 'lastport: 2 more files there are skipped');
  });

  it('rejects with one line where it may not read', async () => {
    const folder = fakeFolder();
    folder.listFault = new Error("EACCES: permission denied, scandir '/state/incidents'");
    await assert.rejects(ask(folder), {
      message:
        "Cannot read incidents: EACCES: permission denied, scandir '/state/incidents'; be who recorded them, or name another --state-dir",
    });
  });
});
