import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AlertQueue } from '../../exporters/alert-queue.ts';
import { alert, resolved } from '../support/alerts.ts';

const one = alert();
const other = alert({ destination: '10.9.0.3:80' });
const MINUTE = 60_000;

describe('AlertQueue', () => {
  it('has the newest state of each alert', () => {
    const queue = new AlertQueue();
    const newer = { ...one, annotations: { summary: 'newer', description: '' } };
    queue.add([one, other], 0);
    queue.add([newer], 1);
    assert.deepEqual(queue.next(10), [other, newer]);
    queue.add([resolved(one)], 2);
    assert.deepEqual(queue.next(10), [other, resolved(one)]);
  });

  it('gives those that have waited longest first', () => {
    const queue = new AlertQueue();
    queue.add([one, other], 0);
    assert.deepEqual(queue.next(1), [one]);
    assert.equal(queue.size, 2);
  });

  it('keeps what has changed while it was said', () => {
    const queue = new AlertQueue();
    queue.add([one, other], 0);
    const under = queue.next(10);
    queue.add([resolved(one)], 1);
    queue.settle(under);
    assert.deepEqual(queue.next(10), [resolved(one)]);
    queue.settle(queue.next(10));
    assert.equal(queue.size, 0);
  });

  it('gives up the oldest of more than 1000, and says how many', () => {
    const queue = new AlertQueue();
    const many = Array.from({ length: 1003 }, (_, port) => alert({ destination: `10.9.0.2:${port + 1}` }));
    assert.equal(queue.add(many.slice(0, 1000), 0), 0);
    assert.equal(queue.add(many.slice(1000), 0), 3);
    assert.equal(queue.size, 1000);
    assert.equal(queue.next(1)[0], many[3]);
  });

  it('says again what fires when it was said long enough ago', () => {
    const queue = new AlertQueue();
    queue.add([one], 1000);
    assert.deepEqual(queue.due([one], 1000 + MINUTE - 1, MINUTE), []);
    assert.deepEqual(queue.due([one], 1000 + MINUTE, MINUTE), [one]);
    queue.add([one], 1000 + MINUTE);
    assert.deepEqual(queue.due([one], 1001 + MINUTE, MINUTE), []);
  });

  it('says nothing again of what was never said, or is over', () => {
    const queue = new AlertQueue();
    assert.deepEqual(queue.due([one], 10 * MINUTE, MINUTE), []);
    queue.add([one], 0);
    queue.add([resolved(one)], 1);
    assert.deepEqual(queue.due([one], 10 * MINUTE, MINUTE), []);
  });

  it('says again what may be forgotten, at once, and once', () => {
    const queue = new AlertQueue();
    queue.add([one], 0);
    queue.doubt(3000);
    assert.deepEqual(queue.due([one], 3000, MINUTE), [one]);
    queue.add([one], 3000);
    assert.deepEqual(queue.due([one], 20_000, MINUTE), []);
  });

  it('does not flood a receiver that hangs up after each answer', () => {
    const queue = new AlertQueue();
    queue.add([one], 0);
    let times = 0;
    for (let at = 0; at < 10 * MINUTE; at += 100) {
      if (queue.due([one], at, MINUTE).length === 0) continue;
      times++;
      queue.add([one], at);
      queue.doubt(at);
    }
    assert.ok(times <= 10 + 8, `${times} times in ten minutes`);
    queue.doubt(20 * MINUTE);
    assert.deepEqual(queue.due([one], 20 * MINUTE, 30 * MINUTE), [one], 'it has not for a while');
  });
});
