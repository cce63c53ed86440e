import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bar } from '../../../exporters/top/bar.ts';
import { lineWidth } from '../../../exporters/top/line.ts';
import { sparkline } from '../../../exporters/top/sparkline.ts';
import { textOf } from '../../support/top-views.ts';

const filled = (live: number, timeWait: number, blocked: number, fast: number, usablePorts = 100) => ({
  usablePorts,
  usedPorts: live + timeWait,
  blockedPorts: blocked,
  fastHeadroomPorts: fast,
  states: { established: live, time_wait: timeWait },
});

describe('bar', () => {
  for (const [what, one, expected] of [
    ['live, TIME_WAIT, blocked and free', filled(20, 30, 10, 20), '██▒▒▒x··|·'],
    ['nothing used', filled(0, 0, 0, 50), '·····|····'],
    ['beyond the cliff', filled(60, 0, 0, 0), '██████····'],
    ['all used', filled(100, 0, 0, 0), '██████████'],
    ['one port used', filled(1, 0, 0, 49), '█····|····'.replace('█····|', '█····|')],
    ['one port free', filled(99, 0, 0, 0), '█████████·'],
    ['no usable port', filled(0, 0, 0, 0, 0), '··········'],
  ] as const) {
    it(`shows ${what}`, () => assert.equal(textOf(bar(one, 10)), expected));
  }

  it('has its width, and is full only when nothing is left', () => {
    const some = fc.nat({ max: 30_000 });
    fc.assert(
      fc.property(
        some,
        some,
        some,
        fc.nat({ max: 30_000 }),
        fc.integer({ min: 4, max: 60 }),
        (live, wait, blocked, free, columns) => {
          const line = bar(filled(live, wait, blocked, Math.floor(free / 2), live + wait + blocked + free), columns);
          assert.equal(lineWidth(line), columns);
          const text = textOf(line);
          if (live + wait + blocked > 0) assert.equal(/[·|]/.test(text), free > 0);
          assert.deepEqual([/█/.test(text), /▒/.test(text), /x/.test(text)], [live > 0, wait > 0, blocked > 0]);
        },
      ),
    );
  });
});

describe('sparkline', () => {
  it('has the newest at the right, against the highest', () => {
    assert.equal(sparkline([0, 50, 100], 5), '  ▁▅█');
    assert.equal(sparkline([9, 9, 0, 1], 2), '▁█');
    assert.equal(sparkline([], 3), '   ');
  });
});
