import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeIncident, fileNameOf } from '../../../exporters/incidents/file.ts';
import { encodeMark, MARK } from '../../../exporters/incidents/mark.ts';
import { readIncidents } from '../../../exporters/incidents/read-incidents.ts';
import { type FakeFolder, fakeFolder, incident } from '../../support/incidents.ts';

const mark = { since: '2026-11-20T10:00:00.000Z', until: '2026-11-23T02:40:00.000Z' };
const put = (folder: FakeFolder, name: string, bytes: Uint8Array) => folder.files.set(name, { bytes, changedAt: 0 });

async function folderOf(...minutes: number[]): Promise<FakeFolder> {
  const folder = fakeFolder();
  for (const one of minutes) put(folder, fileNameOf(incident(one).summary.id), await encodeIncident(incident(one)));
  return folder;
}

describe('readIncidents', () => {
  it('gives them newest first, and since when somebody has looked', async () => {
    const folder = await folderOf(5, 60, 30);
    put(folder, MARK, encodeMark(mark));
    put(folder, 'notes.txt', Buffer.from('x'));
    const { incidents, watched, skipped } = await readIncidents(folder);
    assert.deepEqual(
      incidents.map(({ startedAt }) => startedAt.slice(11, 16)),
      ['03:00', '02:30', '02:05'],
    );
    assert.deepEqual(watched, { ...mark, until: '2026-11-23T02:43:35.000Z' });
    assert.deepEqual(skipped, []);
  });

  it('skips what is damaged, and says why', async () => {
    const folder = await folderOf(5, 30);
    const name = fileNameOf(incident(5).summary.id);
    put(folder, name, folder.files.get(name)!.bytes.subarray(0, 50));
    put(folder, MARK, Buffer.from('{'));
    const { incidents, watched, skipped } = await readIncidents(folder);
    assert.equal(incidents.length, 1);
    assert.equal(watched, null);
    assert.deepEqual(skipped, [{ file: name, why: 'unexpected end of file' }]);
  });

  it('does not mind one that goes meanwhile', async () => {
    const folder = await folderOf(5);
    const { list } = folder;
    folder.list = async () => [...(await list()), { name: fileNameOf(incident(7).summary.id), bytes: 1, changedAt: 0 }];
    const { incidents, skipped } = await readIncidents(folder);
    assert.deepEqual([incidents.length, skipped.length], [1, 0]);
  });

  it('reads no more than there may be', async () => {
    const folder = await folderOf(...Array.from({ length: 53 }, (_, index) => index));
    const { incidents } = await readIncidents(folder);
    assert.equal(incidents.length, 50);
    assert.equal(incidents[0]?.startedAt, '2026-11-23T02:52:00.000Z');
  });

  it('rejects where it may not look', async () => {
    const folder = fakeFolder();
    folder.listFault = new Error('EACCES: permission denied');
    await assert.rejects(readIncidents(folder), /EACCES/);
  });
});
