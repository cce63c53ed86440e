import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { begun, followed, rounded, worstFirst } from '../../../agent/correlate/incident-destination.ts';
import type { DestinationReport } from '../../../agent/model/assessment.ts';
import type { IncidentDestination } from '../../../agent/model/incident.ts';
import { cause, destination } from '../../support/assessments.ts';

const moment = (second: number) => ({
  takenAt: new Date(Date.parse('2026-11-23T02:40:00Z') + second * 1000).toISOString(),
  at: second * 1000,
  passedSeconds: 1,
});
const owner = (pid: number) => ({ ...destination().owners![0]!, pid });
const slow = { ...destination().forecast, slowConnectInSeconds: 0 };
const fast = { ...destination().forecast, slowConnectInSeconds: 1 };

/** What comes of these reports, a second apart. */
function story(reports: readonly Partial<DestinationReport>[], errorsBefore = 0): IncidentDestination {
  const all = reports.map((one) => destination({ forecast: fast, verdict: 'warning', connectErrors: null, ...one }));
  const first = begun('host', all[0]!, moment(0));
  return all.reduce((facts, one, second) => followed(facts, one, moment(second), errorsBefore), first);
}

describe('followed', () => {
  it('keeps the lowest headroom and when it was, the most ports and the worst verdict', () => {
    const facts = story([
      { headroomPorts: 5000, usedPorts: 23_000 },
      { headroomPorts: 10, usedPorts: 28_222, verdict: 'critical' },
      { headroomPorts: 400, usedPorts: 27_000 },
    ]);
    assert.equal(facts.lowestHeadroomPorts, 10);
    assert.equal(facts.lowestAt, moment(1).takenAt);
    assert.equal(facts.since, moment(0).takenAt);
    assert.equal(facts.mostUsedPorts, 28_222);
    assert.equal(facts.verdict, 'critical');
  });

  it('compares shares, for the usable ports may change', () => {
    const facts = story([
      { headroomPorts: 100, usablePorts: 200 },
      { headroomPorts: 200, usablePorts: 28_232 },
    ]);
    assert.deepEqual([facts.lowestHeadroomPorts, facts.usablePorts], [200, 28_232]);
  });

  it('counts the seconds without a port, and those in which connect() is slow', () => {
    const facts = story([
      { headroomPorts: 5000 },
      { headroomPorts: 100, forecast: slow },
      { headroomPorts: 0, forecast: slow },
      { headroomPorts: 0, forecast: slow },
      { headroomPorts: 3000 },
    ]);
    assert.deepEqual([facts.exhaustedSeconds, facts.slowSeconds], [2, 3]);
  });

  it('counts the connect() calls refused since before it began; without a trace it does not say', () => {
    const errors = (total: number) => ({
      connectErrors: [
        { code: 'EADDRNOTAVAIL' as const, total, pid: 1, command: 'a' },
        { code: 'EADDRNOTAVAIL' as const, total: 5, pid: 2, command: 'b' },
      ],
    });
    assert.equal(story([errors(10), errors(40)], 12).connectErrors, 33);
    assert.equal(story([errors(10), { connectErrors: null }], 12).connectErrors, 3);
    assert.equal(story([{}, {}]).connectErrors, null);
  });

  it('names who held the most when it was lowest, if that was known, and why it became so', () => {
    const churn = (rate: number) => ({
      opensPerSecond: rate,
      causes: [cause(rate < 100 ? { cause: 'unknown' } : { evidence: [`${rate} a second`] })],
    });
    const facts = story([
      { headroomPorts: 5000, owners: [owner(1)], ...churn(400) },
      { headroomPorts: 0, owners: [owner(2)], ...churn(300) },
      { headroomPorts: 0, owners: [], ...churn(20) },
      { headroomPorts: 9000, owners: [owner(3)], ...churn(10) },
    ]);
    assert.equal(facts.owner?.pid, 2);
    assert.match(facts.cause ?? '', /300 a second/);
    assert.equal(facts.mostOpensPerSecond, 400);
    assert.equal(story([{ owners: null, opensPerSecond: null }]).owner, null);
  });
});

describe('worstFirst', () => {
  it('puts the nearest first, then the one that was longest there', () => {
    const base = story([{}]);
    const sorted = [
      { ...base, remotePort: 1, lowestHeadroomPorts: 50 },
      { ...base, remotePort: 2, lowestHeadroomPorts: 0, exhaustedSeconds: 1 },
      { ...base, remotePort: 3, lowestHeadroomPorts: 0, exhaustedSeconds: 9 },
    ].sort(worstFirst);
    assert.deepEqual(
      sorted.map(({ remotePort }) => remotePort),
      [3, 2, 1],
    );
  });
});

it('rounded shows tenths of a second', () => {
  const facts = rounded({ ...story([{}]), exhaustedSeconds: 1.2345, slowSeconds: 0.04 });
  assert.deepEqual([facts.exhaustedSeconds, facts.slowSeconds], [1.2, 0]);
});
