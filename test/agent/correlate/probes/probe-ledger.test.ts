import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ProbeLedger } from '../../../../agent/correlate/probes/probe-ledger.ts';
import {
  type CloseReason,
  NO_COUNTS,
  NO_GAUGES,
  type ProbeCounts,
  type ProbeIdentity,
  type ProbeSums,
} from '../../../../agent/model/probe.ts';

const NETNS = 4_026_531_840;
const who = (more: Partial<ProbeIdentity> = {}): ProbeIdentity => ({
  pid: 100,
  name: '100 0',
  node: '22.11.0',
  netns: NETNS,
  uptimeSeconds: 1,
  ...more,
});
const sums = (counts: Partial<ProbeCounts>, more: Partial<ProbeSums> = {}): ProbeSums => ({
  id: 1,
  client: 'undici',
  isTls: false,
  remoteName: 'api.example.com',
  local: '10.0.0.1',
  remote: '10.0.0.2',
  remotePort: 8080,
  counts: { ...NO_COUNTS, ...counts },
  gauges: NO_GAUGES,
  marks: { open: 0, concurrent: 0, queued: 0 },
  keepAliveHintSeconds: null,
  callSites: [],
  ...more,
});

describe('ProbeLedger', () => {
  let ledger: ProbeLedger;
  beforeEach(() => {
    ledger = new ProbeLedger();
  });
  const probes = (at: number, netns = NETNS) => ledger.of(netns, at, ({ pid }) => pid ?? 0);
  const view = (at: number, netns = NETNS) => probes(at, netns)?.view('10.0.0.1', '10.0.0.2', 8080) ?? null;

  it('tells the last minute from what was before', () => {
    const probe = ledger.begin(who(), 0);
    for (let second = 1; second <= 200; second++) {
      ledger.report(probe, [sums({ opens: second, requests: second * 10 })], 0, second * 1000);
    }
    const { counts, seconds, requestsPerSecond, totals } = view(200_000) ?? assert.fail();
    assert.ok(counts.requests >= 600 && counts.requests <= 650, `${counts.requests}`);
    assert.equal(seconds, 60);
    assert.ok(Math.abs(requestsPerSecond - 10) < 1);
    assert.equal(totals.requests, 2000);
    // It says nothing where nothing changes, and time goes on.
    assert.equal(view(300_000)?.counts.requests, 0);
    assert.equal(view(300_000)?.requestsPerSecond, 0);
  });

  it('takes all of a program that has just begun, and of one that was there before only what comes', () => {
    const young = ledger.begin(who({ uptimeSeconds: 2 }), 0);
    ledger.report(young, [sums({ opens: 20, requests: 20 })], 0, 1000);
    assert.equal(view(1000)?.counts.opens, 20);
    const old = ledger.begin(who({ name: '200 0', pid: 200, uptimeSeconds: 9999 }), 1000);
    ledger.report(old, [sums({ opens: 5000, requests: 5000 })], 0, 1500);
    assert.equal(view(1500)?.counts.opens, 20);
    ledger.report(old, [sums({ opens: 5007, requests: 5007 })], 0, 2500);
    assert.equal(view(2500)?.counts.opens, 27);
    assert.equal(view(2500)?.totals.requests, 27);
  });

  it('adds up the programs of a destination, the busiest first', () => {
    for (const [pid, requests] of [
      [1, 5],
      [2, 50],
    ] as const) {
      const probe = ledger.begin(who({ pid, name: `${pid} 0` }), 0);
      const gauges = { ...NO_GAUGES, open: pid };
      const marks = { open: 3, concurrent: 2, queued: 1 };
      ledger.report(probe, [sums({ requests }, { gauges, marks, keepAliveHintSeconds: 6 - pid })], 0, 1000);
    }
    const found = view(1000) ?? assert.fail();
    assert.deepEqual(
      found.programs.map(({ pid, requests }) => [pid, requests]),
      [
        [2, 50],
        [1, 5],
      ],
    );
    assert.deepEqual([found.counts.requests, found.gauges.open, found.marks.concurrent], [55, 3, 4]);
    assert.equal(found.keepAliveHintSeconds, 4);
    assert.equal(ledger.count, 2);
  });

  it('keeps what a program did for a minute after its end, and nothing that it has', () => {
    const probe = ledger.begin(who(), 0);
    ledger.report(probe, [sums({ opens: 20 }, { gauges: { ...NO_GAUGES, open: 20, unread: 20 } })], 0, 1000);
    assert.equal(view(1000)?.gauges.unread, 20);
    ledger.end(probe, 2000);
    assert.equal(view(2000)?.gauges.unread, 0);
    assert.equal(view(2000)?.counts.opens, 20);
    assert.equal(ledger.count, 0);
    ledger.prune(50_000);
    assert.notEqual(view(50_000), null);
    ledger.prune(73_000);
    assert.equal(view(73_000), null);
  });

  it('knows a program again that was away', () => {
    const first = ledger.begin(who({ uptimeSeconds: 999 }), 0);
    ledger.report(first, [sums({ opens: 1000 })], 0, 1000);
    ledger.report(first, [sums({ opens: 1010 })], 0, 2000);
    ledger.end(first, 3000);
    const second = ledger.begin(who({ uptimeSeconds: 1010 }), 5000);
    ledger.report(second, [sums({ opens: 1050 })], 0, 6000);
    assert.equal(view(6000)?.counts.opens, 50);
  });

  it('is not fooled by a program that counts anew', () => {
    const probe = ledger.begin(who(), 0);
    ledger.report(probe, [sums({ opens: 100, requests: 100, closes: { other: 100 } })], 0, 1000);
    ledger.report(probe, [sums({ opens: 3, requests: 3, closes: { other: 3 } })], 0, 2000);
    assert.deepEqual(view(2000)?.totals, { requests: 103, closes: { other: 103 } });
  });

  it('keeps network namespaces apart', () => {
    const probe = ledger.begin(who(), 0);
    ledger.report(probe, [sums({ opens: 1 })], 0, 1000);
    assert.equal(view(1000, 7), null);
    assert.ok(ledger.hasNews(NETNS));
    assert.ok(!ledger.hasNews(7));
    ledger.clearNews(NETNS);
    assert.ok(!ledger.hasNews(NETNS));
  });

  it('has no news where connections only carry requests', () => {
    const probe = ledger.begin(who(), 0);
    ledger.report(probe, [sums({ opens: 1, requests: 1 })], 0, 1000);
    ledger.clearNews(NETNS);
    ledger.report(probe, [sums({ opens: 1, requests: 900 })], 0, 2000);
    assert.ok(!ledger.hasNews(NETNS));
    ledger.report(probe, [sums({ opens: 1, requests: 901, closes: { idle_timeout: 1 } })], 0, 3000);
    assert.ok(ledger.hasNews(NETNS));
  });

  it('notes whose each port is, and why it was closed, for as long as a TIME_WAIT lasts', () => {
    const probe = ledger.begin(who({ pid: 42 }), 0);
    ledger.report(probe, [sums({ opens: 2 })], 0, 1000);
    const events: [number, CloseReason | null][] = [
      [40_000, null],
      [40_001, 'body_unread'],
    ];
    for (const [port, reason] of events) ledger.event(probe, 1, port, reason, 1000);
    ledger.event(probe, 99, 40_002, 'other', 1000); // of a path that it never told
    const found = probes(2000);
    const notes = found?.notes('10.0.0.1', '10.0.0.2', 8080) ?? assert.fail();
    assert.deepEqual(
      [40_000, 40_001, 40_002].map((port) => [notes.reasonOf(port, 2000), found?.programOf(notes.probeOf(port, 2000))]),
      [
        [null, 42],
        ['body_unread', 42],
        [null, 0],
      ],
    );
    assert.equal(notes.reasonOf(40_001, 70_000), null);
    assert.equal(notes.probeOf(40_001, 70_000), 0);
  });

  it('waits for what probes are about to tell before it says that there are others', () => {
    const probe = ledger.begin(who(), 0);
    ledger.report(probe, [sums({ opens: 2 })], 0, 1000);
    const isAll = (at: number, lacks: boolean) => probes(at)?.isAll('10.0.0.1', '10.0.0.2', 8080, lacks);
    assert.deepEqual(
      [
        isAll(1000, false),
        isAll(2000, true),
        isAll(3000, true),
        isAll(4000, false),
        isAll(5000, true),
        isAll(6000, true),
      ],
      [true, true, true, true, true, true],
    );
    assert.equal(isAll(8000, true), false);
    assert.equal(isAll(9000, false), true);
  });

  it('shows where connections failed, though their local address is not known', () => {
    const probe = ledger.begin(who(), 0);
    ledger.report(probe, [sums({ connectErrors: { ECONNREFUSED: 9 } }, { local: null })], 0, 1000);
    assert.deepEqual(view(1000)?.counts.connectErrors, { ECONNREFUSED: 9 });
    assert.equal(probes(1000)?.lately()[0]?.remote, '10.0.0.2');
    assert.deepEqual(probes(100_000)?.lately(), []);
  });

  it('is bounded, and counts what it has no room for', () => {
    const probe = ledger.begin(who(), 0);
    for (let id = 0; id < 6000; id++) {
      ledger.report(probe, [sums({ opens: 1 }, { id, remotePort: 1 + (id % 60_000) })], 3, 1000);
    }
    assert.equal(ledger.dropped, 1003);
    for (let id = 0; id < 100; id++) ledger.event(probe, id, 40_000, 'other', 2000 + id);
    const noted = Array.from({ length: 100 }, (_, id) => probes(3000)?.notes('10.0.0.1', '10.0.0.2', 1 + id));
    assert.equal(noted.filter((one) => one !== null).length, 32);
  });
});
