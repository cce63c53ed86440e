import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Collector } from '../../agent/model/readings.ts';
import { procNsSockstat } from '../../collectors/proc-ns-sockstat.ts';
import { denied, fakeHost } from '../support/fake-host.ts';
import { emptyReadings } from '../support/readings.ts';

const sockstat = (inuse: number, alloc: number) =>
  `sockets: used 7\nTCP: inuse ${inuse} orphan 0 tw 0 alloc ${alloc} mem 1\n`;
const OWN = { 'net/sockstat': sockstat(4, 6), 'net/sockstat6': 'TCP6: inuse 2\n' };

function collect(
  files: Record<string, string | Error>,
  links: Record<string, string> = {},
  collector: Collector = procNsSockstat(),
) {
  const readings = emptyReadings();
  collector.collect(readings, fakeHost(files, links));
  return readings;
}

describe('procNsSockstat', () => {
  it('is 0 where every socket of the host is in a table', () => {
    const { unlistedSockets, gaps } = collect(OWN);
    assert.equal(unlistedSockets, 0);
    assert.deepEqual(gaps, []);
  });

  it('bounds the bound-but-unconnected ones from above, and says so', () => {
    const { unlistedSockets, gaps } = collect({ ...OWN, 'net/sockstat': sockstat(4, 606) });
    assert.equal(unlistedSockets, 600);
    assert.match(gaps[0]?.why ?? '', /at most 600 of/);
  });

  it('subtracts what other namespaces have, each namespace once', () => {
    const files = {
      ...OWN,
      'net/sockstat': sockstat(4, 26),
      '7/net/sockstat': sockstat(9, 26),
      '8/net/sockstat': sockstat(9, 26),
    };
    const links = { 'self/ns/net': 'net:[1]', '6/ns/net': 'net:[1]', '7/ns/net': 'net:[2]', '8/ns/net': 'net:[2]' };
    assert.equal(collect(files, links).unlistedSockets, 11);
    assert.equal(collect(files, { ...links, '8/ns/net': 'net:[3]' }).unlistedSockets, 2);
  });

  it('is looser where it may not look', () => {
    const files = { ...OWN, 'net/sockstat': sockstat(4, 26), '7/net/sockstat': denied('7/net/sockstat') };
    assert.equal(collect(files, { 'self/ns/net': 'net:[1]', '7/ns/net': 'net:[2]' }).unlistedSockets, 20);
    assert.equal(collect(files).unlistedSockets, 20);
  });

  it('walks the processes only now and then', () => {
    const collector = procNsSockstat();
    const links = { 'self/ns/net': 'net:[1]', '7/ns/net': 'net:[2]' };
    const look = (there: number) =>
      collect({ ...OWN, 'net/sockstat': sockstat(4, 26), '7/net/sockstat': sockstat(there, 26) }, links, collector)
        .unlistedSockets;
    assert.equal(look(5), 15);
    for (let more = 0; more < 9; more++) assert.equal(look(20), 15);
    assert.equal(look(20), 0);
  });

  it('walks them at once when sockets have gone, for they may have been of the others', () => {
    const collector = procNsSockstat();
    const links = { 'self/ns/net': 'net:[1]', '7/ns/net': 'net:[2]' };
    const look = (allocated: number, there: number) =>
      collect(
        { ...OWN, 'net/sockstat': sockstat(4, allocated), '7/net/sockstat': sockstat(there, allocated) },
        links,
        collector,
      ).unlistedSockets;
    assert.equal(look(806, 800), 0);
    assert.equal(look(66, 0), 60);
  });

  it('fails, naming the file, where sockstat has no such number', () => {
    assert.throws(() => collect({ 'net/sockstat': 'TCP: inuse 4\n' }), /net\/sockstat: it has no "TCP: … alloc"/);
  });
});
