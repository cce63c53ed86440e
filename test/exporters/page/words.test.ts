import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { barOf } from '../../../exporters/page/browser/bar.ts';
import { History } from '../../../exporters/page/browser/history.ts';
import { placeName, placesOf } from '../../../exporters/page/browser/place.ts';
import { tideData } from '../../../exporters/page/browser/tide.ts';
import { deadline, outlook, ownerName, rate, safe } from '../../../exporters/page/browser/words.ts';
import { assessment, destination, namespace, owner } from '../../support/assessments.ts';

describe('words of the page', () => {
  it('count a deadline down from when it was told', () => {
    assert.deepEqual(
      [deadline(4.1, 0), deadline(4.1, 1.5), deadline(4.1, 5), deadline(600, 0), deadline(null, 0), deadline(7200, 0)],
      ['4.1 s', '2.6 s', 'now', '10 min', '\u2013', '\u2013'],
    );
  });
  it('tell what is not known from 0', () =>
    assert.deepEqual([rate(null), rate(0), rate(3480.2)], ['?', '0.0', '3,480']));
  it('show what is not to be seen, and an end to what has none', () => {
    assert.equal(safe('a\u001b[31m\u202Eb\nc'), 'a\u00b7[31m\u00b7b\u00b7c');
    assert.equal([...safe('\u{1f600}'.repeat(500))].length, 121);
  });
  it('say what becomes of a destination', () => {
    const { forecast } = destination();
    const of = (more: Partial<typeof forecast>, headroomPorts = 100) =>
      outlook(destination({ headroomPorts, forecast: { ...forecast, ...more } }), 1);
    assert.equal(of({}), 'out of ports in 3.1 s, connect() is slow now');
    assert.equal(of({}, 0), 'out of ports: every new connection fails');
    const calm = { exhaustedInSeconds: null, slowConnectInSeconds: null };
    assert.equal(of({ ...calm, kind: 'steady', settlesAtPorts: 12_600 }), 'steady: settles at 12,600 ports');
    assert.equal(of({ ...calm, kind: 'unknown' }), 'not known yet');
  });
  it('name an owner by what it is managed by', () => {
    assert.equal(ownerName(owner({ unit: 'api.service', pid: 4242 })), 'api.service (4242)');
    assert.equal(ownerName(owner({ unit: null, container: 'c1', command: 'node', pid: null })), 'node in c1');
  });
});

describe('barOf', () => {
  it('has shares of all usable ports, and the cliff where used ports meet it', () => {
    const one = destination({
      usablePorts: 1000,
      usedPorts: 500,
      blockedPorts: 100,
      headroomPorts: 400,
      fastHeadroomPorts: 50,
    });
    assert.deepEqual(barOf(one, 300), { live: 20, waiting: 30, blocked: 10, cliff: 65 });
  });
  it('is never longer than it is', () => {
    const one = destination({ usablePorts: 100, usedPorts: 120, blockedPorts: 30, fastHeadroomPorts: 10 });
    assert.deepEqual(barOf(one, 0), { live: 120, waiting: 0, blocked: 0, cliff: 100 });
    assert.deepEqual(barOf(destination({ usablePorts: 0, usedPorts: 0, blockedPorts: 0 }), 0).cliff, 0);
  });
});

describe('tideData', () => {
  const closesAgo = Array.from({ length: 60 }, (_, ago) => ago);
  const usedAhead = Array.from({ length: 61 }, (_, ahead) => 1000 + ahead);
  const at = (data: ReturnType<typeof tideData>, second: number) => data.map((all) => all[data[0].indexOf(second)]);

  it('has closes in the middle of their second, and the ports before and ahead', () => {
    const moments = [{ at: 90_000, used: 700 }];
    const data = tideData({ closesAgo, usedAhead }, 1000, moments, 100_000);
    assert.deepEqual(at(data, -0.5), [-0.5, null, null, null]);
    assert.deepEqual(at(data, -10.5), [-10.5, 10, null, null]);
    assert.deepEqual(at(data, -10), [-10, null, 700, null]);
    assert.deepEqual(at(data, 0), [0, null, 1000, 1000]);
    assert.deepEqual(at(data, 30), [30, null, null, 1030]);
    assert.ok(data.every((all) => all.length === 241));
  });
  it('has nothing where nothing is known', () => {
    const data = tideData(null, 5, [], 0);
    assert.deepEqual(
      data[1].filter((value) => value !== null),
      [],
    );
    assert.deepEqual(at(data, 0), [0, null, 5, 5]);
  });
});

describe('History', () => {
  it('keeps a minute, and no destination that is not shown', () => {
    const history = new History();
    for (let second = 0; second < 200; second++) history.note('a', second * 1000, second);
    history.note('b', 0, 1);
    assert.equal(history.of('a').length, 62);
    history.keep(new Set(['b']));
    assert.deepEqual([history.size, history.of('a').length, history.of('b').length], [1, 0, 1]);
  });
});

describe('placesOf', () => {
  it('has the worst of all namespaces first, and says where that is not the host', () => {
    const places = placesOf(
      assessment({
        namespaces: [
          namespace({ label: 'host', destinations: [destination({ remote: '10.0.0.1', verdict: 'healthy' })] }),
          namespace({
            label: 'web',
            destinations: [
              destination({ remote: '10.0.0.2', verdict: 'watch', headroomPorts: 10 }),
              destination({
                remote: '2001:db8::1',
                remotePort: 443,
                verdict: 'critical',
                remoteName: 'api.example.com',
              }),
            ],
          }),
        ],
      }),
    );
    assert.deepEqual(places.map(placeName), [
      '[2001:db8::1]:443 (api.example.com) in web',
      '10.0.0.2:8080 in web',
      '10.0.0.1:8080',
    ]);
  });
});
