import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { destinationKey, TroubleFinder } from '../../../agent/correlate/trouble.ts';
import type { Verdict } from '../../../agent/model/assessment.ts';
import { assessment, destination, namespace } from '../../support/assessments.ts';

const of = (...verdicts: Verdict[]) =>
  assessment({
    namespaces: [
      namespace({ destinations: verdicts.map((verdict, index) => destination({ verdict, remotePort: index })) }),
    ],
  });
const host = (verdict: Verdict, label = 'host') =>
  assessment({
    namespaces: [namespace({ label, verdict, destinations: [] })],
    gaps: [{ source: 'sock-diag', what: 'sockets', why: 'EPERM', costs: '' }],
  });

describe('TroubleFinder', () => {
  it('finds what is at warning or worse, not what is only watched', () => {
    const found = new TroubleFinder().find(of('healthy', 'watch', 'warning', 'critical'), 0);
    assert.deepEqual(
      found.map((one) => one.kind === 'destination' && one.one.remotePort),
      [2, 3],
    );
  });

  it('finds a namespace that worked and has been blind for 10 s', () => {
    const finder = new TroubleFinder();
    assert.deepEqual(finder.find(host('healthy'), 0), []);
    assert.deepEqual(finder.find(host('blind'), 1000), []);
    assert.deepEqual(finder.find(host('blind'), 10_999), []);
    assert.deepEqual(finder.find(host('blind'), 11_000), [
      { kind: 'blind', key: 'blind host', netns: 'host', why: 'sockets: EPERM' },
    ]);
    assert.deepEqual(finder.find(host('healthy'), 12_000), []);
    assert.deepEqual(finder.find(host('blind'), 13_000), []);
  });

  it('finds none that never worked, and knows nothing of those that are gone', () => {
    const finder = new TroubleFinder();
    for (const at of [0, 20_000]) assert.deepEqual(finder.find(host('blind'), at), []);
    finder.find(host('healthy', 'a'), 30_000);
    finder.find(host('healthy', 'b'), 31_000);
    for (const at of [32_000, 60_000]) assert.deepEqual(finder.find(host('blind', 'a'), at), []);
  });
});

describe('destinationKey', () => {
  it('tells namespaces, local addresses, devices and remotes apart', () => {
    const keys = [
      destinationKey('a', destination()),
      destinationKey('b', destination()),
      destinationKey('a', destination({ local: null })),
      destinationKey('a', destination({ device: 'eth0' })),
      destinationKey('a', destination({ remotePort: 1 })),
      destinationKey('a', destination({ remote: '10.9.0.3' })),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });
});
