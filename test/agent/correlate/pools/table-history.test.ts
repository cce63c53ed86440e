import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TableHistory } from '../../../../agent/correlate/pools/table-history.ts';

describe('TableHistory', () => {
  it('keeps what was counted, a look a second at most, and so many of them', () => {
    const tables = new TableHistory();
    for (let at = 0; at <= 1_000_000; at += 250) tables.note(at, { conntrackEntries: at, socketsTimeWait: 1 });
    assert.equal(tables.conntrack.length, 480);
    assert.ok(tables.conntrack.at(-1)!.at - tables.conntrack[0]!.at >= 479_000);
  });

  it('keeps nothing of what was not counted', () => {
    const tables = new TableHistory();
    tables.note(0, {});
    assert.deepEqual([tables.conntrack, tables.timeWait], [[], []]);
    tables.note(0, { socketsTimeWait: 3 });
    tables.note(1000, { socketsTimeWait: 4, timeWaits: 10, timeWaitsRecycled: 2 });
    assert.deepEqual(tables.timeWait, [
      { at: 0, entries: 3, begun: null },
      { at: 1000, entries: 4, begun: 8 },
    ]);
  });
});
