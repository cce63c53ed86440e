import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TableHistory } from '../../../../agent/correlate/pools/table-history.ts';
import { conntrackForecast, tablePools, timeWaitForecast } from '../../../../agent/correlate/pools/table-pools.ts';
import type { Counters } from '../../../../agent/model/readings.ts';
import { namespace } from '../../../support/assessments.ts';

/** A look a second at counters that are functions of the time. */
function history(seconds: number, counters: (at: number) => Counters): TableHistory {
  const tables = new TableHistory();
  for (let at = 0; at <= seconds; at++) tables.note(at * 1000, counters(at));
  return tables;
}

const conntrack = (seconds: number, entries: (at: number) => number, limit = 100_000) =>
  conntrackForecast(history(seconds, (at) => ({ conntrackEntries: Math.round(entries(at)) })).conntrack, limit);

/** TIME_WAIT of a rate of closes that begins at 0, and never more than the limit. */
function timeWait(seconds: number, perSecond: number, limit: number, kept = 60) {
  const entries = (at: number) => Math.min(limit, perSecond * Math.min(at, kept));
  const counters = (at: number) => ({ socketsTimeWait: entries(at), timeWaits: perSecond * at });
  return timeWaitForecast(history(seconds, counters).timeWait, limit);
}

describe('conntrackForecast', () => {
  it('knows nothing of growth that a constant load may explain', () => {
    // 500 a second, each kept for 120 s: it settles at 60,000.
    for (const seconds of [3, 30, 100, 119])
      assert.equal(conntrack(seconds, (at) => 500 * at).kind, 'unknown', `${seconds} s`);
    const settled = conntrack(180, (at) => 500 * Math.min(at, 120));
    assert.deepEqual(settled, {
      kind: 'steady',
      exhaustedInSeconds: null,
      exhaustedInSecondsAtLow: null,
      settlesAt: 60_000,
    });
  });

  it('believes growth that has outlasted that, for as long again', () => {
    const { kind, exhaustedInSeconds, exhaustedInSecondsAtLow } = conntrack(200, (at) => 400 * at);
    assert.equal(kind, 'draining');
    assert.ok(Math.abs(exhaustedInSeconds! - 50) < 3 && exhaustedInSecondsAtLow! >= exhaustedInSeconds!);
    // 20,000 of 100,000 after 200 s: 800 s more would be a guess.
    assert.equal(conntrack(200, (at) => 100 * at).kind, 'unknown');
  });

  it('is not taken in by a load that rises in steps', () => {
    for (let seconds = 10; seconds < 400; seconds += 10) {
      const forecast = conntrack(seconds, (at) => 300 * Math.min(at, 120) + 300 * Math.min(Math.max(0, at - 200), 120));
      assert.equal(forecast.exhaustedInSecondsAtLow, null, `${seconds} s`);
    }
  });

  it('is full when it is', () => {
    assert.equal(conntrack(10, () => 100_000).kind, 'exhausted');
  });
});

describe('timeWaitForecast', () => {
  it('knows from the first seconds on whether what is closed fills it within the minute that each lasts', () => {
    const filling = timeWait(10, 2000, 60_000);
    assert.equal(filling.kind, 'draining');
    assert.ok(Math.abs(filling.exhaustedInSeconds! - 20) < 1 && filling.exhaustedInSecondsAtLow! < 25);
    assert.deepEqual(timeWait(10, 900, 60_000), {
      kind: 'steady',
      exhaustedInSeconds: null,
      exhaustedInSecondsAtLow: null,
      settlesAt: 54_900,
    });
    assert.equal(timeWait(100, 900, 60_000).kind, 'steady');
    assert.equal(timeWait(40, 2000, 60_000).kind, 'exhausted');
  });

  it('knows nothing where the kernel does not count them, nor at first', () => {
    assert.equal(timeWaitForecast(history(20, (at) => ({ socketsTimeWait: at })).timeWait, 1000).kind, 'unknown');
    assert.equal(timeWait(3, 2000, 60_000).kind, 'unknown');
    assert.equal(timeWaitForecast([], 1000).kind, 'unknown');
  });

  it('leaves out those that connect() has taken over', () => {
    const counters = (at: number) => ({
      socketsTimeWait: 500 + at,
      timeWaits: 2000 * at,
      timeWaitsRecycled: 1999 * at,
    });
    assert.equal(timeWaitForecast(history(20, counters).timeWait, 60_000).kind, 'steady');
  });
});

describe('tablePools', () => {
  const counters = { conntrackEntries: 10, conntrackMax: 1000, socketsTimeWait: 900 };

  it('reports the tables that there are, with what is left', () => {
    const pools = tablePools(namespace({ counters, timeWaitMost: 1000 }), new TableHistory(), true);
    assert.deepEqual(
      pools.map(({ kind, netns, limit, used, headroom, verdict }) => ({ kind, netns, limit, used, headroom, verdict })),
      [
        { kind: 'conntrack', netns: 'host', limit: 1000, used: 10, headroom: 990, verdict: 'healthy' },
        { kind: 'time_wait', netns: 'host', limit: 1000, used: 900, headroom: 100, verdict: 'watch' },
      ],
    );
    assert.deepEqual(tablePools(namespace({ counters: {}, timeWaitMost: null }), new TableHistory(), true), []);
  });

  it('leaves out what is nearly empty, but in the first namespace', () => {
    const pools = tablePools(namespace({ counters, timeWaitMost: 1000 }), new TableHistory(), false);
    assert.deepEqual(
      pools.map(({ kind }) => kind),
      ['time_wait'],
    );
  });
});
