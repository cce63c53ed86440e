import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LeakWatch } from '../../../agent/correlate/leak.ts';
import { destination } from '../../support/assessments.ts';

/** What the watch says of `live` open connections a second, of 28,232 ports. */
function watched(seconds: number, live: (second: number) => number, closeWait: (second: number) => number = () => 0) {
  const watch = new LeakWatch();
  const said: { second: number; summary: string }[] = [];
  for (let second = 0; second < seconds; second++) {
    const open = Math.round(live(second));
    const waiting = Math.round(closeWait(second));
    const report = destination({
      usedPorts: open + waiting + 5000,
      headroomPorts: 28_232 - open - waiting - 5000,
      states: { established: open, close_wait: waiting, time_wait: 5000 },
    });
    const found = watch.watch('a', report, second * 1000);
    if (found !== null) said.push({ second, summary: found.summary });
  }
  return said;
}

describe('LeakWatch', () => {
  it('tells of open connections that grow from half minute to half minute', () => {
    const [first] = watched(400, (second) => 100 + second * 20);
    assert.ok(first !== undefined && first.second <= 211, JSON.stringify(first));
    assert.match(first.summary, /open connections grow without end, 72\d{3} an hour; out of ports in 1\d min/);
  });

  it('tells of slow growth after a longer time', () => {
    const [first] = watched(1000, (second) => 100 + second / 2);
    assert.ok(first !== undefined && first.second > 300 && first.second <= 841, JSON.stringify(first));
  });

  it('names CLOSE_WAIT where that is what grows', () => {
    const [first] = watched(
      300,
      () => 100,
      (second) => second * 20,
    );
    assert.match(first?.summary ?? '', /connections in CLOSE_WAIT grow without end/);
  });

  for (const [what, live] of [
    ['a pool that has filled', (second: number) => Math.min(2000, 100 + second * 50)],
    ['a pool that breathes', (second: number) => 1000 + 500 * Math.sin(second / 20)],
    ['waves of 4 minutes', (second: number) => 3000 + 2000 * Math.sin(second / 40)],
    ['steps at every deploy', (second: number) => 500 + 300 * Math.floor(second / 700)],
    ['what stays', () => 9000],
    ['TIME_WAIT alone', () => 0],
    ['growth too slow to matter within a day', (second: number) => 100 + second * 0.05],
  ] as const) {
    it(`says nothing of ${what}`, () => {
      assert.deepEqual(watched(1800, live), []);
    });
  }

  it('forgets what was not seen for a while', () => {
    const watch = new LeakWatch();
    const at = (second: number) =>
      watch.watch('a', destination({ usedPorts: 100 + second * 20, states: {} }), second * 1000);
    for (let second = 0; second < 170; second++) at(second);
    watch.forget(400_000);
    for (let second = 400; second < 570; second++) assert.equal(at(second), null);
  });

  it('watches so many at once, and no more', () => {
    const watch = new LeakWatch();
    for (let second = 0; second < 400; second++) {
      for (let index = 0; index < 300; index++) {
        const report = destination({ usedPorts: 100 + second * 20, headroomPorts: 20_000 - second * 20, states: {} });
        const found = watch.watch(`${index}`, report, second * 1000);
        if (index >= 200) assert.equal(found, null);
      }
    }
  });
});
