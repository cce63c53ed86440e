import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DestinationReport } from '../../agent/model/assessment.ts';
import { Recorder } from '../../agent/recorder.ts';
import { FolderWriter } from '../../exporters/incidents/folder-writer.ts';
import { MARK } from '../../exporters/incidents/mark.ts';
import { readIncidents } from '../../exporters/incidents/read-incidents.ts';
import { createLogger } from '../../exporters/log.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';
import { type FakeFolder, fakeFolder } from '../support/incidents.ts';

const BEGIN = Date.parse('2026-11-23T02:40:00Z');
const sick = destination({ headroomPorts: 0, verdict: 'critical' });

/** A writer whose every result can be waited for. */
class AwaitedWriter extends FolderWriter {
  static results = 0;
  static wake: () => void = () => undefined;

  constructor(options: ConstructorParameters<typeof FolderWriter>[0]) {
    super({
      ...options,
      onResult: (error) => {
        options.onResult(error);
        AwaitedWriter.results++;
        AwaitedWriter.wake();
      },
    });
  }

  static async until(count: number): Promise<void> {
    while (AwaitedWriter.results < count) await new Promise<void>((resolve) => (AwaitedWriter.wake = resolve));
  }
}

function open(folder: FakeFolder = fakeFolder()) {
  let second = 0;
  const lines: Record<string, unknown>[] = [];
  const troubles: (string | null)[] = [];
  const counts: { incidents: number; writeFailures: number }[] = [];
  AwaitedWriter.results = 0;
  const recorder = new Recorder({
    folder,
    writer: AwaitedWriter,
    logger: createLogger('info', { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }, 'json'),
    onTrouble: (error) => troubles.push(error?.message ?? null),
    onCounts: (now) => counts.push({ ...now }),
    now: () => BEGIN + second * 1000,
    monotonic: () => second * 1000,
  });
  const look = (seconds: number, ...destinations: DestinationReport[]) => {
    for (const end = second + seconds; second < end; second++) {
      const takenAt = new Date(BEGIN + second * 1000).toISOString();
      recorder.publish(assessment({ takenAt, namespaces: [namespace({ destinations })] }));
    }
  };
  return { folder, recorder, lines, counts, troubles, look };
}

describe('Recorder', () => {
  it('says that it records before there is anything to record', async () => {
    const { folder, counts, look } = open();
    look(1);
    await AwaitedWriter.until(1);
    assert.deepEqual(await readIncidents(folder), {
      watched: { since: '2026-11-23T02:40:00.000Z', until: '2026-11-23T02:40:00.000Z' },
      incidents: [],
      skipped: [],
    });
    assert.deepEqual(counts, [{ incidents: 0, writeFailures: 0 }]);
  });

  it('keeps what goes on when it ends, and goes on from the one before', async () => {
    const first = open();
    first.look(5, sick);
    await first.recorder.close();
    const { incidents } = await readIncidents(first.folder);
    assert.equal(incidents.length, 1);
    assert.deepEqual([incidents[0]?.endedAt, incidents[0]?.writtenAt], [null, '2026-11-23T02:40:04.000Z']);
    assert.equal(first.counts.at(-1)?.incidents, 1);

    const second = open(first.folder);
    second.look(700);
    await second.recorder.close();
    const { watched } = await readIncidents(first.folder);
    assert.deepEqual(watched, { since: '2026-11-23T02:40:00.000Z', until: '2026-11-23T02:51:40.000Z' });
  });

  it('has an incident on disk with its first look', async () => {
    const { folder, look } = open();
    look(1, sick);
    await AwaitedWriter.until(2);
    const { incidents } = await readIncidents(folder);
    assert.equal(incidents[0]?.destinations[0]?.lowestHeadroomPorts, 0);
    assert.ok(folder.files.has(MARK));
  });

  it('tells of a disk that is full once, counts, and tries again until it works', async () => {
    const folder = fakeFolder();
    folder.fault = new Error('ENOSPC: no space left on device');
    const { lines, counts, look } = open(folder);
    look(1);
    await AwaitedWriter.until(1);
    look(31);
    await AwaitedWriter.until(2);
    const errors = lines.filter(({ level }) => level === 'error');
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]?.['err']), /ENOSPC/);
    assert.equal(errors[0]?.['path'], '/state/incidents');
    assert.deepEqual(counts.at(-1), { incidents: 0, writeFailures: 2 });
    folder.fault = null;
    look(31);
    await AwaitedWriter.until(3);
    assert.equal(lines.at(-1)?.['msg'], 'incidents are written again');
    assert.ok(folder.files.has(MARK));
  });

  it('goes on looking while a disk hangs', async () => {
    const folder = fakeFolder();
    folder.held = new Promise(() => undefined);
    const { counts, troubles, look } = open(folder);
    const begun = new Promise<void>((resolve) => {
      folder.onReplace = resolve;
    });
    look(500, sick);
    await begun;
    look(500, sick);
    assert.deepEqual([folder.busy, folder.busiest], [1, 1]);
    assert.deepEqual(counts.at(-1), { incidents: 1, writeFailures: 0 });
    assert.match(String(troubles.at(-1)), /the disk has not answered for \d+ s/);
  });
});
