import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monotonic, realHost } from '../../agent/host.ts';
import { lazyLibc } from '../../collectors/libc.ts';
import { threadCpu } from '../../collectors/thread-cpu.ts';
import { fakeHost } from '../support/fake-host.ts';
import { replayLibc } from '../support/replay-libc.ts';

const noLibc = () => {
  throw new Error('no libc');
};

/** Both clocks while this thread waits, and while it works. */
function shares(cpu: () => number): { readonly waiting: number; readonly working: number } {
  const share = (act: () => void) => {
    const [before, beforeCpu] = [monotonic(), cpu()];
    act();
    return (cpu() - beforeCpu) / (monotonic() - before);
  };
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const waiting = share(() => Atomics.wait(cell, 0, 0, 200));
  const working = share(() => {
    const end = cpu() + 50;
    while (cpu() < end);
  });
  return { waiting, working };
}

describe('threadCpu', () => {
  it('counts what this thread works, and not what it waits', () => {
    const { waiting, working } = shares(threadCpu(realHost('/proc'), lazyLibc(), () => Number.NaN));
    assert.ok(waiting < 0.2 && working > waiting && working <= 1.05, `${waiting}, ${working}`);
  });

  it('does so from /proc where there is no libc', () => {
    const { waiting, working } = shares(threadCpu(realHost('/proc'), noLibc, () => Number.NaN));
    assert.ok(waiting < 0.2 && working > waiting, `${waiting}, ${working}`);
  });

  it('reads seconds and nanoseconds', () => {
    const { libc } = replayLibc(() => [], {
      clockGettime: (_, bytes) => {
        new DataView(bytes.buffer).setBigInt64(0, 2n, true);
        new DataView(bytes.buffer).setBigInt64(8, 500_000n, true);
        return 0;
      },
    });
    assert.equal(
      threadCpu(
        fakeHost({}),
        () => libc,
        () => 0,
      )(),
      2000.5,
    );
  });

  it('goes by the other clock where there is neither', () => {
    assert.equal(threadCpu(fakeHost({}), noLibc, () => 42)(), 42);
    const stat = fakeHost({ 'thread-self/schedstat': '7500000 12 3\n' });
    assert.equal(threadCpu(stat, noLibc, () => 42)(), 7.5);
  });
});
