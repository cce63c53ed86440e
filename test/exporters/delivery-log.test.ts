import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeliveryLog } from '../../exporters/delivery-log.ts';
import { createLogger } from '../../exporters/log.ts';

/** [sink, why, at in s] → [level, msg, why, times] */
function logged(events: readonly (readonly [string, string | null, number])[]) {
  const lines: string[] = [];
  let now = 0;
  const log = new DeliveryLog(createLogger('info', { write: (line) => lines.push(line) }, 'json'), () => now * 1000);
  for (const [sink, why, at] of events) {
    now = at;
    log.note(sink, why === null ? 'ok' : 'failed', why);
  }
  return lines.map((line) => {
    const { level, sink, msg, why, times } = JSON.parse(line);
    return [level, sink, why ?? msg, ...(times === undefined ? [] : [times])];
  });
}

describe('DeliveryLog', () => {
  it('says nothing of what goes well', () => assert.deepEqual(logged([['a', null, 0]]), []));

  it('tells of trouble once, of other trouble at once, and of its end', () => {
    assert.deepEqual(
      logged([
        ['a', 'ECONNREFUSED', 0],
        ['a', 'ECONNREFUSED', 1],
        ['b', 'ECONNREFUSED', 1],
        ['a', 'ECONNREFUSED', 2],
        ['a', 'it answered 503', 3],
        ['a', null, 4],
        ['a', null, 5],
      ]),
      [
        ['warn', 'a', 'ECONNREFUSED', 1],
        ['warn', 'b', 'ECONNREFUSED', 1],
        ['warn', 'a', 'it answered 503', 3],
        ['info', 'a', 'alerts are delivered again'],
      ],
    );
  });

  it('tells of the same trouble every ten minutes, with how often', () => {
    const day = Array.from({ length: 24 * 360 }, (_, index) => ['a', 'ECONNREFUSED', index * 10] as const);
    const lines = logged(day);
    assert.equal(lines.length, 144);
    assert.deepEqual(lines[1], ['warn', 'a', 'ECONNREFUSED', 60]);
  });
});
