import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Diagnosis, type Scene } from '../../../../agent/correlate/cause/diagnosis.ts';
import type { DestinationReport } from '../../../../agent/model/assessment.ts';
import { destination, namespace } from '../../../support/assessments.ts';
import { churning, live, told } from './facts.ts';

function scene(at: number, more: Partial<Scene> = {}): Scene {
  return { at, namespace: { ...namespace(), bindPools: [], counters: {} }, listenersInRange: 0, live: null, ...more };
}
const quiet = (more: Partial<DestinationReport> = {}) =>
  destination({ usedPorts: 5, states: { established: 5 }, verdict: 'healthy', owners: [], blockedPorts: 0, ...more });

describe('Diagnosis', () => {
  const causes = (diagnosis: Diagnosis, report: DestinationReport, one: Scene) => {
    diagnosis.begin(one);
    return diagnosis.causes(report, null, 0, one).map(({ cause }) => cause);
  };

  it('says nothing of what costs nobody anything, and asks nobody', () => {
    const asked: string[] = [];
    const live = (remote: string) => {
      asked.push(remote);
      return null;
    };
    const one = scene(0, { live });
    assert.deepEqual(causes(new Diagnosis(), quiet(), one), []);
    assert.deepEqual(asked, []);
  });

  it('asks the kernel about three destinations at a look, about each once a second at first and then every five', () => {
    const diagnosis = new Diagnosis();
    const asked: number[] = [];
    const ask = (at: number) => {
      const one = scene(at, {
        live: (_, port) => {
          asked.push(port);
          return live(20);
        },
      });
      diagnosis.begin(one);
      for (let port = 1; port <= 5; port++) {
        diagnosis.causes(destination({ ...churning(400), remotePort: port, owners: [] }), null, 0, one);
      }
      return asked.splice(0);
    };
    assert.deepEqual(ask(0), [1, 2, 3]);
    assert.deepEqual(ask(500), [4, 5]);
    assert.deepEqual(ask(600), []);
    assert.deepEqual(ask(1000), [1, 2, 3]);
    assert.deepEqual(ask(10_500), [1, 2, 3]);
    assert.deepEqual(ask(12_500), [4, 5]);
    assert.deepEqual(ask(13_000), []);
    assert.deepEqual(ask(15_500), [1, 2, 3]);
  });

  it('asks nobody where a probe tells of all', () => {
    const one = scene(0, { live: () => assert.fail('it was asked') });
    const diagnosis = new Diagnosis();
    diagnosis.begin(one);
    const probe = told({ opens: 400, requests: 400, closes: { body_unread: 400 } });
    const [first] = diagnosis.causes(destination({ ...churning(400) }), probe, 0, one);
    assert.equal(first?.cause, 'unread_body');
    assert.ok((first?.remedies.length ?? 0) > 0);
  });

  it('keeps what it knew when connect() fails and nothing tells any more, for two minutes', () => {
    const diagnosis = new Diagnosis();
    const now = (at: number, report: DestinationReport) =>
      causes(diagnosis, report, scene(at, { live: () => live(20) }))[0];
    const stuck = destination({
      ...churning(400),
      owners: [],
      verdict: 'critical',
      opensPerSecond: 0,
      closesPerSecond: { local: 0, remote: 0 },
    });
    assert.equal(now(0, stuck), 'unknown');
    assert.equal(now(1000, destination({ ...churning(400), owners: [] })), 'connection_per_request');
    assert.equal(now(2000, stuck), 'connection_per_request');
    for (let at = 20_000; at <= 120_000; at += 20_000) assert.equal(now(at, stuck), 'connection_per_request');
    assert.equal(now(122_000, stuck), 'unknown');
  });

  it('tells the closes with unread data a second from the counters of two looks', () => {
    const diagnosis = new Diagnosis();
    const at = (ms: number, abortsOnClose: number) =>
      scene(ms, { namespace: { ...namespace(), bindPools: [], counters: { abortsOnClose } } });
    const report = destination({ ...churning(300), owners: [] });
    causes(diagnosis, report, at(0, 1000));
    assert.equal(causes(diagnosis, report, at(1000, 1250))[0], 'unread_body');
  });

  it('sees connections that become more for half a minute', () => {
    const diagnosis = new Diagnosis();
    let said: string[] = [];
    for (let second = 0; second <= 40; second++) {
      const count = 100 + second * 10;
      said = causes(diagnosis, quiet({ usedPorts: count, states: { established: count } }), scene(second * 1000));
      if (second < 25) assert.deepEqual(said, []);
    }
    assert.deepEqual(said, ['connection_leak']);
  });
});
