import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DaemonParts, tickUntil } from '../../agent/daemon.ts';
import type { Assessment } from '../../agent/model/assessment.ts';

const assessment = { schema: 'lastport/1' } as Assessment;

/** Ticks until `count` looks were taken; what was published and reported meanwhile. */
async function run(count: number, parts: Partial<DaemonParts>): Promise<{ published: number; errors: string[] }> {
  const controller = new AbortController();
  const result = { published: 0, errors: [] as string[] };
  let looks = 0;
  await tickUntil(controller.signal, {
    publishers: [
      {
        name: 'counter',
        publish: () => {
          result.published++;
        },
      },
    ],
    tickMs: () => 1,
    now: () => 0,
    monotonic: () => performance.now(),
    onError: (what, error) => result.errors.push(`${what}: ${(error as Error).message}`),
    ...parts,
    look: (now) => {
      looks++;
      if (looks === count) controller.abort();
      return parts.look?.(now) ?? assessment;
    },
  });
  return result;
}

describe('tickUntil', () => {
  it('looks and publishes until it is told to end, and finishes the tick under way', async () => {
    assert.deepEqual(await run(3, {}), { published: 3, errors: [] });
  });

  it('gives every tick the time it started at', async () => {
    const times: number[] = [];
    let clock = 100;
    await run(3, {
      now: () => clock++,
      look: (now) => {
        times.push(now);
        return assessment;
      },
    });
    assert.deepEqual(times, [100, 101, 102]);
  });

  it('goes on after a look or a publisher that failed', async () => {
    const failing = {
      name: 'broken',
      publish: () => {
        throw new Error('full');
      },
    };
    const { errors } = await run(2, { publishers: [failing] });
    assert.deepEqual(errors, ['publishing to broken failed: full', 'publishing to broken failed: full']);
    const look = () => {
      throw new Error('no table');
    };
    assert.deepEqual(await run(2, { look }), {
      published: 0,
      errors: ['the look failed: no table', 'the look failed: no table'],
    });
  });

  it('does not make up for time it lost: one late tick, then the usual pace', async () => {
    let clock = 0;
    const starts: number[] = [];
    await run(4, {
      tickMs: () => 1,
      monotonic: () => clock,
      look: () => {
        starts.push(clock);
        clock += starts.length === 2 ? 5000 : 1;
        return assessment;
      },
    });
    assert.deepEqual(starts, [0, 1, 5001, 5002]);
  });
});
