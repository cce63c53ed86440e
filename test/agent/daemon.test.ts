import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DaemonParts, tickUntil } from '../../agent/daemon.ts';
import type { Assessment } from '../../agent/model/assessment.ts';

const assessment = { schema: 'lastport/1' } as Assessment;

/** Ticks until `count` ticks were taken; what was published and reported meanwhile. */
async function run(count: number, parts: Partial<DaemonParts>): Promise<{ published: number; errors: string[] }> {
  const controller = new AbortController();
  const result = { published: 0, errors: [] as string[] };
  let ticks = 0;
  await tickUntil(controller.signal, {
    beat: () => null,
    finish: () => undefined,
    publish: () => {
      result.published++;
    },
    tickMs: () => 1,
    beatMs: () => 200,
    now: () => 0,
    monotonic: () => performance.now(),
    onError: (what, error) => result.errors.push(`${what}: ${(error as Error).message}`),
    isFatal: () => false,
    ...parts,
    tick: (now) => {
      ticks++;
      if (ticks === count) controller.abort();
      return parts.tick?.(now) ?? assessment;
    },
  });
  return result;
}

const failing = () => {
  throw new Error('EMFILE');
};

describe('tickUntil', () => {
  it('looks and publishes until it is told to end, and finishes the tick under way', async () => {
    assert.deepEqual(await run(3, {}), { published: 3, errors: [] });
  });

  it('gives every tick the time it started at', async () => {
    const times: number[] = [];
    let clock = 100;
    await run(3, {
      now: () => clock++,
      tick: (now) => {
        times.push(now);
        return assessment;
      },
    });
    assert.deepEqual(times, [100, 101, 102]);
  });

  it('goes on after a look that failed', async () => {
    const errors = ['the look failed: EMFILE', 'the look failed: EMFILE'];
    assert.deepEqual(await run(2, { tick: failing }), { published: 0, errors });
  });

  it('ends with an error that is fatal', async () => {
    await assert.rejects(run(2, { tick: failing, isFatal: () => true }), /EMFILE/);
  });

  it('looks between two ticks too, and publishes what it finds there', async () => {
    let beats = 0;
    const { published } = await run(2, {
      tickMs: () => 40,
      beatMs: () => 10,
      beat: () => (++beats === 1 ? assessment : null),
    });
    assert.ok(beats >= 2, `${beats} beats`);
    assert.equal(published, 3);
  });

  it('finishes what a look had no time for when that is published, until the next beat or tick is due', async () => {
    let clock = 0;
    const events: (string | number)[] = [];
    const { errors } = await run(2, {
      tickMs: () => 40,
      beatMs: () => 10,
      monotonic: () => clock,
      tick: () => {
        clock += 5;
        return assessment;
      },
      publish: () => events.push('published'),
      finish: (patienceMs) => {
        events.push(patienceMs);
        clock += patienceMs;
        if (clock === 15) throw new Error('EMFILE');
      },
      beat: () => {
        clock += 6;
        return null;
      },
    });
    assert.deepEqual(events.slice(0, 5), ['published', 10, 10, 3, 'published']);
    assert.deepEqual(errors, ['the look failed: EMFILE']);
  });

  it('takes up a shorter tick while it waits for the next', async () => {
    let tickMs = 60_000;
    const { published } = await run(2, {
      tickMs: () => tickMs,
      beatMs: () => 1,
      beat: () => {
        tickMs = 2;
        return null;
      },
    });
    assert.equal(published, 2);
  });

  it('does not make up for time it lost: one late tick, then the usual pace', async () => {
    let clock = 0;
    const starts: number[] = [];
    await run(4, {
      tickMs: () => 1,
      monotonic: () => clock,
      tick: () => {
        starts.push(clock);
        clock += starts.length === 2 ? 5000 : 1;
        return assessment;
      },
    });
    assert.deepEqual(starts, [0, 1, 5001, 5002]);
  });
});
