import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { LookWorker } from '../../agent/look-worker.ts';
import type { Assessment } from '../../agent/model/assessment.ts';

const orders = {
  config: {
    procfs: '/proc',
    engine: 'auto',
    netns: 'self',
    ask: 'off',
    trace: false,
    ownersCommandLine: false,
    podLogs: null,
    tickMs: 100,
    nat: [],
    stateDir: 'off',
  },
  request: { asked: [], inventory: null, gaps: [] },
  probeSocket: null,
} as const;

function program(text: string): URL {
  const path = join(mkdtempSync(join(tmpdir(), 'lastport-worker-')), 'worker.mjs');
  writeFileSync(path, `import { parentPort } from 'node:worker_threads';\n${text}`);
  return pathToFileURL(path);
}

/** Collects what a worker sends until `count` have come. */
async function collect(text: string, count: number) {
  const assessments: Assessment[] = [];
  const errors: string[] = [];
  let enough: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const worker = new LookWorker({
    orders,
    program: program(text),
    restartMs: 1,
    onAssessment: (assessment) => {
      if (assessments.push(assessment) === count) enough();
    },
    onError: (what, error) => errors.push(`${what}: ${(error as Error).message}`),
  });
  await done;
  await worker.stop();
  return { assessments, errors };
}

const SEND = `parentPort.postMessage({ kind: 'assessment', assessment: { takenAt: '1', namespaces: [7] } });`;
const END = "parentPort.on('message', () => parentPort.close());";

describe('LookWorker', () => {
  it('gives an unchanged Assessment its new time', async () => {
    const { assessments } = await collect(
      `${SEND} parentPort.postMessage({ kind: 'same', takenAt: '2', tookMs: 3 }); ${END}`,
      2,
    );
    assert.deepEqual(assessments, [
      { takenAt: '1', namespaces: [7] },
      { takenAt: '2', tookMs: 3, namespaces: [7] },
    ]);
  });

  it('starts the thread again when it has ended by itself, and says why', async () => {
    const { assessments, errors } = await collect(`${SEND} throw new Error('stranded');`, 2);
    assert.equal(assessments.length, 2);
    assert.match(errors[0] ?? '', /^the thread that looks has ended and is started again: stranded$/);
  });

  it('waits twice as long each time that the thread ends soon, and counts', async () => {
    let restarts = 0;
    const errors: number[] = [];
    await new Promise<void>((resolve) => {
      const worker = new LookWorker({
        orders,
        program: program(`throw new Error('again');`),
        restartMs: 20,
        onAssessment: () => undefined,
        onError: () => {
          if (errors.push(performance.now()) === 5) void worker.stop().then(resolve);
        },
        onRestart: () => restarts++,
      });
    });
    // 20, 40, 80 and 160 ms, and what a start takes.
    assert.ok((errors[4] as number) - (errors[0] as number) >= 300);
    assert.equal(restarts, 4);
  });

  it('reports what the thread reports', async () => {
    const { errors } = await collect(
      `parentPort.postMessage({ kind: 'error', what: 'the look failed', message: 'EMFILE' }); ${SEND} ${END}`,
      1,
    );
    assert.deepEqual(errors, ['the look failed: EMFILE']);
  });
});
