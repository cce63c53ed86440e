import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNat } from '../../../agent/config/nat-values.ts';
import { NamespaceMemory } from '../../../agent/correlate/assess.ts';
import { PoolWatch } from '../../../agent/look/pool-watch.ts';
import { namespace } from '../../support/assessments.ts';

const QUOTA = parseNat('networks=10.0.0.0/8;ports=1000;held=10s');

function watched(count: number) {
  const watch = new PoolWatch([QUOTA]);
  const sources = Array.from({ length: count }, () => ({
    memory: new NamespaceMemory(),
    report: namespace({ counters: {}, timeWaitMost: null }),
  }));
  return { watch, sources };
}

const quiet = { isBroken: false, isAll: true, unseen: 0, counters: {} };

describe('PoolWatch', () => {
  it('knows what is used only when it has watched every namespace for as long as the NAT holds', () => {
    const { watch, sources } = watched(2);
    const used = (at: number) => watch.report(sources, at)[0]!.used;
    const [first, second] = sources;
    watch.prepare(first!.memory);
    first!.memory.nat!.update({ ...quiet, at: 0, isBroken: true }, []);
    assert.equal(used(11_000), null, 'the second was never looked at');
    watch.prepare(second!.memory);
    second!.memory.nat!.update({ ...quiet, at: 5000, isBroken: true }, []);
    assert.equal(used(11_000), null, 'nor for long enough');
    assert.equal(used(15_000), 0);
    assert.equal(used(70_000), null, 'nor lately');
  });

  it('begins anew with other quotas, and not with the same', () => {
    const { watch, sources } = watched(1);
    const { memory } = sources[0]!;
    watch.prepare(memory);
    const before = memory.nat;
    watch.nat = [parseNat('networks=10.0.0.0/8;ports=1000;held=10s')];
    watch.prepare(memory);
    assert.equal(memory.nat, before);
    watch.nat = [parseNat('networks=10.0.0.0/8;ports=1000;held=20s')];
    assert.equal(watch.report(sources, 0)[0]!.used, null);
    watch.prepare(memory);
    assert.notEqual(memory.nat, before);
    watch.nat = [];
    watch.prepare(memory);
    assert.equal(memory.nat, null);
    assert.deepEqual(watch.report(sources, 0), []);
  });

  it('notes counters once, however often it is asked', () => {
    const { watch, sources } = watched(1);
    const { memory, report } = sources[0]!;
    const at = (counters: object) => [{ memory, report: { ...report, counters } }];
    const counters = { conntrackEntries: 5, conntrackMax: 10 };
    for (let second = 0; second < 5; second++) watch.report(at(counters), second * 1000);
    watch.report(at({ ...counters }), 9000);
    assert.deepEqual(
      memory.tables.conntrack.map((sample) => sample.at),
      [0, 9000],
    );
  });
});
