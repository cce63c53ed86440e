import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Correlator, NamespaceMemory } from '../../../agent/correlate/assess.ts';
import { CloseLook } from '../../../agent/look/close-look.ts';
import type { Collector } from '../../../agent/model/readings.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { settings, tableOf } from '../../support/readings.ts';

it('CloseLook keeps what it knows to be bound when another engine has to stand in', () => {
  const collector = (name: string, collect: Collector['collect']): Collector => ({ name, costs: '', collect });
  const sources = {
    ports: collector('ports', (readings) => {
      readings.ports = settings();
    }),
    sockets: [
      collector('broken', () => {
        throw new Error('ENOBUFS');
      }),
      collector('text', (readings) => {
        readings.engine = 'procfs';
        readings.sockets = tableOf([]);
      }),
    ],
    counters: collector('counters', () => undefined),
  };
  const { report, gaps, runs } = new CloseLook(fakeHost({}), sources, new Correlator(), () => 0).take({
    netns: { inode: 1, label: 'one' },
    memory: new NamespaceMemory(),
    asked: [],
    reportUnused: true,
    now: 0,
    unlistedSockets: 0,
    unlistedWhy: '',
    bound: { ports: [40000, 40001, 50000], locals: [0, 0, 0] },
    asking: null,
    owners: null,
    tracing: null,
    probes: null,
    live: null,
    seekOwners: () => undefined,
  });
  assert.equal(report.blockedPorts, 2, 'those of the usable ones');
  assert.deepEqual(
    gaps.map(({ why }) => why),
    ['ENOBUFS'],
  );
  assert.deepEqual(
    runs.map(({ collector, ok }) => `${collector} ${ok}`),
    ['ports true', 'broken false', 'text true', 'counters true'],
  );
});
