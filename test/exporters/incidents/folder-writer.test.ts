import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileNameOf } from '../../../exporters/incidents/file.ts';
import { FolderWriter, MOST_BYTES, MOST_INCIDENTS } from '../../../exporters/incidents/folder-writer.ts';
import { fakeFolder, incident } from '../../support/incidents.ts';

const nameOf = (minutes: number) => fileNameOf(incident(minutes).summary.id);
const text = (value: string) => async () => Buffer.from(value);

/** A writer, its folder, what came of it, and a way to wait for so many results. */
function open(now = () => 0) {
  const folder = fakeFolder(now);
  const results: (string | null)[] = [];
  let wake: () => void = () => undefined;
  const writer = new FolderWriter({
    folder,
    now,
    onResult: (error) => {
      results.push(error?.message ?? null);
      wake();
    },
  });
  const until = async (count: number) => {
    while (results.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { folder, results, writer, until };
}

/** A promise and the way to keep it. */
function gate(): { held: Promise<void>; open: () => void } {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  return { held, open: release };
}

describe('FolderWriter', () => {
  it('writes one after the other, and of each only the newest that waits', async () => {
    const { folder, writer, results, until } = open();
    const { held, open: letGo } = gate();
    folder.held = held;
    let rendered = 0;
    writer.put('a', text('first'));
    for (let index = 0; index < 5; index++) {
      writer.put('b', async () => {
        rendered++;
        return Buffer.from(String(index));
      });
    }
    writer.put('a', text('second'));
    letGo();
    await until(3);
    assert.equal(folder.busiest, 1);
    assert.equal(rendered, 1);
    assert.deepEqual(results, [null, null, null]);
    assert.equal(Buffer.from(folder.files.get('a')!.bytes).toString(), 'second');
    assert.equal(Buffer.from(folder.files.get('b')!.bytes).toString(), '4');
  });

  it('keeps what could not be written, and tries again when it is told to', async () => {
    const { folder, writer, results, until } = open();
    folder.fault = new Error('ENOSPC: no space left on device');
    writer.put('a', text('1'));
    await until(1);
    writer.retry();
    await until(2);
    folder.fault = null;
    writer.retry();
    await until(3);
    writer.retry();
    assert.deepEqual(results, ['ENOSPC: no space left on device', 'ENOSPC: no space left on device', null]);
    assert.deepEqual([...folder.files.keys()], ['a']);
  });

  it('does not put an old state in the place of a newer one that came meanwhile', async () => {
    const { folder, writer, until } = open();
    const { held, open: letGo } = gate();
    folder.held = held;
    folder.fault = new Error('EIO');
    writer.put('a', text('old'));
    writer.put('a', text('new'));
    letGo();
    await until(1);
    folder.fault = null;
    writer.retry();
    await until(2);
    assert.equal(Buffer.from(folder.files.get('a')!.bytes).toString(), 'new');
    assert.equal(folder.files.size, 1);
  });

  it('tells of what cannot even be made', async () => {
    const { writer, results, until } = open();
    writer.put('a', () => Promise.reject(new Error('out of memory')));
    await until(1);
    assert.deepEqual(results, ['out of memory']);
  });

  it('holds a bounded number of files when the disk hangs, and gives up the oldest', async () => {
    const { folder, writer, results, until } = open();
    folder.held = new Promise(() => undefined);
    for (let index = 0; index < 20; index++) writer.put(nameOf(index), text('x'));
    await until(13);
    assert.equal(results.length, 13);
    assert.match(results[0] ?? '', /^20261123T020100000Z\.jsonl\.gz is given up: 6 more/);
  });

  it('does not wait for a disk that hangs for more than a while at its end', { timeout: 10_000 }, async () => {
    const { folder, writer } = open();
    folder.held = new Promise(() => undefined);
    writer.put('a', text('x'));
    await writer.close();
    assert.equal(folder.files.size, 0);
  });

  it('writes what waits before it ends', async () => {
    const { folder, writer } = open();
    for (const name of ['a', 'b', 'c']) writer.put(name, text('x'));
    await writer.close();
    assert.equal(folder.files.size, 3);
  });

  it(`keeps ${MOST_INCIDENTS} incidents, and nothing else is touched`, async () => {
    const { folder, writer } = open();
    folder.files.set('somebody.txt', { bytes: Buffer.from(''), changedAt: 0 });
    for (let index = 0; index < MOST_INCIDENTS + 5; index++) {
      folder.files.set(nameOf(index), { bytes: Buffer.from('x'), changedAt: 0 });
    }
    writer.put(nameOf(100), text('x'));
    await writer.close();
    const kept = [...folder.files.keys()].sort();
    assert.equal(kept.length, MOST_INCIDENTS + 1);
    assert.deepEqual([kept[0], kept.at(-2), kept.at(-1)], [nameOf(6), nameOf(100), 'somebody.txt']);
  });

  it('keeps 20 MB of them, and the one it writes, however old', async () => {
    const { folder, writer } = open();
    for (let index = 1; index <= 30; index++) {
      folder.files.set(nameOf(index), { bytes: Buffer.alloc(1e6), changedAt: 0 });
    }
    writer.put(nameOf(0), async () => Buffer.alloc(1e6));
    await writer.close();
    const kept = [...folder.files.keys()].sort();
    assert.equal(kept.length, MOST_BYTES / 1e6);
    assert.deepEqual([kept[0], kept[1]], [nameOf(0), nameOf(12)]);
  });

  it('removes what was begun long ago and never finished', async () => {
    const now = 3_600_000;
    const { folder, writer } = open(() => now);
    folder.files.set('.old.tmp', { bytes: Buffer.from(''), changedAt: 0 });
    folder.files.set('.new.tmp', { bytes: Buffer.from(''), changedAt: now - 1000 });
    writer.put('a', text('x'));
    await writer.close();
    assert.deepEqual([...folder.files.keys()].sort(), ['.new.tmp', 'a']);
  });

  it('tells when it cannot make room', async () => {
    const { folder, writer, results, until } = open();
    folder.listFault = new Error('EIO');
    writer.put('a', text('x'));
    await until(1);
    assert.deepEqual(results, ['EIO']);
  });
});
