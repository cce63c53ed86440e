import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SAMPLED_DESTINATIONS, sampleOf } from '../../../agent/correlate/sample.ts';
import type { DestinationReport } from '../../../agent/model/assessment.ts';
import { assessment, destination, namespace } from '../../support/assessments.ts';

const idle = (remotePort: number) =>
  destination({ remotePort, usedPorts: 100, headroomPorts: 28_132, verdict: 'healthy' });
const busy = (remotePort: number) =>
  destination({ remotePort, usedPorts: 2000, headroomPorts: 26_232, verdict: 'healthy' });
const sick = (remotePort: number, headroomPorts = 5000): DestinationReport =>
  destination({ remotePort, usedPorts: 23_000, headroomPorts, verdict: 'warning' });

describe('sampleOf', () => {
  it('keeps what is above 5 % or not healthy, in its order, and counts the rest as omitted', () => {
    const destinations = [sick(1), busy(2), idle(3), idle(4)];
    const one = namespace({ destinations, destinationsInUse: 6, destinationsOmitted: 2, omittedUsedPorts: 7 });
    const [kept] = sampleOf(assessment({ namespaces: [one] })).namespaces;
    assert.deepEqual(kept?.destinations, [destinations[0], destinations[1]]);
    assert.equal(kept?.destinationsInUse, 6);
    assert.equal(kept?.destinationsOmitted, 4);
    assert.equal(kept?.omittedUsedPorts, 207);
  });

  it('does not count what is not in use as omitted', () => {
    const unused = destination({ usedPorts: 0, headroomPorts: 28_232, verdict: 'healthy', asked: true });
    const [kept] = sampleOf(assessment({ namespaces: [namespace({ destinations: [unused] })] })).namespaces;
    assert.equal(kept?.destinationsOmitted, 0);
  });

  it('keeps the worst of the host where there are many', () => {
    const many = () => Array.from({ length: 1000 }, (_, index) => sick(index + 1, 1000 + index));
    const worst = destination({ remotePort: 9, headroomPorts: 0, verdict: 'critical' });
    const namespaces = [
      namespace({ label: 'host', destinations: many() }),
      namespace({ label: 'other', destinations: [...many(), worst] }),
    ];
    const sample = sampleOf(assessment({ namespaces }));
    const kept = sample.namespaces.flatMap(({ destinations }) => destinations);
    assert.equal(kept.length, SAMPLED_DESTINATIONS);
    assert.ok(kept.includes(worst));
    assert.equal(Math.max(...kept.map(({ headroomPorts }) => headroomPorts)), 1024);
  });

  it('keeps its own namespace, those with something in them and those that are blind, and counts the others', () => {
    const calm = (label: string) => namespace({ label, destinations: [idle(1)] });
    const blind = namespace({ label: 'blind', verdict: 'blind', destinations: [] });
    const busyOne = namespace({ label: 'busy', destinations: [busy(1)] });
    const sample = sampleOf(assessment({ namespaces: [calm('host'), calm('a'), blind, busyOne, calm('b')] }));
    assert.deepEqual(
      sample.namespaces.map(({ label }) => label),
      ['host', 'blind', 'busy'],
    );
    assert.deepEqual(sample.omitted, { namespaces: 2, gaps: 0 });
  });

  it('is bounded, however much there is of everything', () => {
    const many = () => Array.from({ length: 100 }, (_, index) => sick(index + 1));
    const namespaces = Array.from({ length: 500 }, (_, index) =>
      index % 2 === 0
        ? namespace({ label: `${index}`, destinations: many() })
        : namespace({ label: `${index}`, verdict: 'blind', destinations: [] }),
    );
    const gaps = Array.from({ length: 64 }, (_, index) => ({ source: `${index}`, what: '', why: '', costs: '' }));
    const sample = sampleOf(assessment({ namespaces, gaps }));
    assert.ok(sample.namespaces.length <= 71, `${sample.namespaces.length} namespaces`);
    assert.deepEqual(sample.omitted, { namespaces: 500 - sample.namespaces.length, gaps: 44 });
    assert.ok(JSON.stringify(sample).length < 150_000);
  });
});
