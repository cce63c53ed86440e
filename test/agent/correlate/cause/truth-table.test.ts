import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { causesOf } from '../../../../agent/correlate/cause/causes.ts';
import { CAUSES, type Cause, type Confidence } from '../../../../agent/model/cause.ts';
import { CLOSE_REASONS, NO_GAUGES } from '../../../../agent/model/probe.ts';
import { bindPool, owner } from '../../../support/assessments.ts';
import { churning, facts, live, type Situation, told } from './facts.ts';

type Row = readonly [what: string, situation: Situation, ...expected: readonly (Cause | `${Cause} ${Confidence}`)[]];

/** Twenty requests in a row, as programs make them (docs/probe.md), and what their probe says of them. */
const TWENTY: readonly Row[] = [
  ['bodies read to their end: two connections', { probe: told({ opens: 2, requests: 20, opensBesideIdle: 1 }) }],
  ['small bodies left unread: reused all the same', { probe: told({ opens: 2, requests: 20 }) }],
  [
    'large bodies destroyed, undici 7: a reset each, and a connection for nothing',
    {
      report: { usedPorts: 19, states: { time_wait: 19 } },
      probe: told(
        { opens: 39, requests: 20, closes: { body_unread: 19, phantom: 19 } },
        { timeWait: { phantom: 19 }, callSites: [{ site: '/srv/api.js:9', reason: 'body_unread', count: 19 }] },
      ),
    },
    'unread_body certain',
    'phantom_reconnects certain',
  ],
  [
    'large bodies that nobody touches',
    { probe: told({ opens: 20, requests: 20 }, { gauges: { ...NO_GAUGES, open: 20, unread: 20 } }) },
    'leaked_body certain',
  ],
  [
    'responses of fetch() that only the garbage collector finds',
    { probe: told({ opens: 20, requests: 20, closes: { body_collected: 20 } }) },
    'unread_body certain',
  ],
  [
    'requests aborted before their response',
    { probe: told({ opens: 21, requests: 20, closes: { aborted: 19 } }) },
    'aborted_requests certain',
  ],
  ['headersTimeout', { probe: told({ opens: 20, requests: 20, closes: { headers_timeout: 20 } }) }, 'aborted_requests'],
  [
    'an Agent for each request, closed after it',
    { probe: told({ opens: 20, requests: 20, closes: { client_closed: 20 } }, { timeWait: { client_closed: 20 } }) },
    'client_per_request certain',
  ],
  [
    'an Agent for each request, left open',
    {
      probe: told({ opens: 20, requests: 20, opensBesideIdle: 19 }, { gauges: { ...NO_GAUGES, open: 20, idle: 20 } }),
    },
    'client_per_request certain',
  ],
  [
    'the same, four seconds later',
    { probe: told({ opens: 20, requests: 20, opensBesideIdle: 19, closes: { idle_timeout: 20 } }) },
    'client_per_request certain',
  ],
  [
    'an http.Agent for each request',
    {
      probe: told({ opens: 20, requests: 20 }, { gauges: { ...NO_GAUGES, open: 20, clients: 20 }, clients: ['http'] }),
    },
    'client_per_request certain',
  ],
  [
    'Keep-Alive: timeout=1',
    { probe: told({ opens: 20, requests: 20, closes: { keepalive_hint: 20 } }, { keepAliveHintSeconds: 1 }) },
    'keepalive_hint_too_short certain',
  ],
  ...(['client_asked', 'head_request', 'pipelining_off'] as const).map(
    (reason): Row => [
      reason,
      { probe: told({ opens: 20, requests: 20, closes: { [reason]: 19 } }) },
      'keepalive_disabled certain',
    ],
  ),
  ...(
    [
      'server_asked',
      'server_closed_idle',
      'server_closed_early',
      'server_closed_body',
      'server_reset',
      'eof_body',
    ] as const
  ).map(
    (reason): Row => [
      reason,
      { probe: told({ opens: 20, requests: 20, closes: { [reason]: 20 } }) },
      'server_closes certain',
    ],
  ),
  [
    'a burst of 500 without a limit',
    {
      report: { usedPorts: 500, states: { established: 500 } },
      probe: told(
        { opens: 500, requests: 500 },
        { marks: { open: 500, concurrent: 500, queued: 500 }, gauges: { ...NO_GAUGES, open: 500, idle: 500 } },
      ),
    },
    'no_connection_limit certain',
  ],
  [
    'the same, when its connections have been idle for 4 s',
    {
      report: { usedPorts: 500, states: { time_wait: 500 } },
      probe: told(
        { opens: 500, requests: 500, closes: { idle_timeout: 500 } },
        { marks: { open: 500, concurrent: 500, queued: 500 }, timeWait: { idle_timeout: 500 } },
      ),
    },
    'no_connection_limit certain',
  ],
  [
    'a burst of 300 every five seconds',
    {
      report: { usedPorts: 3300, states: { time_wait: 3300 } },
      probe: told(
        { opens: 3600, requests: 3600, closes: { idle_timeout: 3300 } },
        { marks: { open: 300, concurrent: 300, queued: 300 }, gauges: { ...NO_GAUGES, open: 300, idle: 300 } },
      ),
    },
    'no_connection_limit certain',
  ],
  [
    'the same, when no port is left: connect() fails, and undici closes the clients that have connections',
    {
      report: { usedPorts: 2000, states: { time_wait: 1899, established: 101 }, verdict: 'warning' },
      probe: told(
        {
          opens: 1899,
          requests: 1899,
          closes: { idle_timeout: 900, client_closed: 999 },
          connectErrors: { EADDRNOTAVAIL: 1701 },
        },
        { marks: { open: 300, concurrent: 300, queued: 600 }, timeWait: { client_closed: 999, idle_timeout: 900 } },
      ),
    },
    'no_connection_limit certain',
    'tw_reuse_would_help',
  ],
  [
    'an agent for each request, when no port is left',
    {
      probe: told(
        {
          opens: 400,
          requests: 400,
          closes: { client_closed: 400 },
          connectErrors: { EADDRNOTAVAIL: 1000 },
        },
        { marks: { open: 3, concurrent: 3, queued: 3 } },
      ),
    },
    'client_per_request certain',
  ],
  [
    'reset: true, 200 at once',
    {
      probe: told(
        { opens: 9000, requests: 9000, closes: { client_asked: 8800 } },
        { marks: { open: 200, concurrent: 200, queued: 9 }, gauges: { ...NO_GAUGES, open: 200 } },
      ),
    },
    'keepalive_disabled certain',
  ],
  [
    'a burst of 500 on 50 connections',
    { probe: told({ opens: 50, requests: 500 }, { marks: { open: 50, concurrent: 50, queued: 500 } }) },
  ],
  [
    'a burst of 500 on 128 connections',
    { probe: told({ opens: 128, requests: 500 }, { marks: { open: 128, concurrent: 128, queued: 500 } }) },
  ],
  [
    'maxFreeSockets of two, ten at once',
    { probe: told({ opens: 42, requests: 50, closes: { idle_limit: 40 } }, { clients: ['http'] }) },
    'idle_pool_too_small certain',
  ],
  [
    'maxRequestsPerClient: 1',
    { probe: told({ opens: 18, requests: 20, opensBesideIdle: 16, closes: { request_limit: 2, client_closed: 16 } }) },
    'keepalive_disabled certain',
  ],
  [
    'a server that closes each connection, beside which the next one is opened already',
    { probe: told({ opens: 20, requests: 20, opensBesideIdle: 19, closes: { server_closed_idle: 20 } }) },
    'server_closes certain',
  ],
  [
    "a server that resets, and undici's Agent that closes the rest of that client",
    {
      probe: told({
        opens: 20,
        requests: 20,
        opensBesideIdle: 19,
        closes: { server_closed_idle: 4, server_reset: 4, client_closed: 12 },
      }),
    },
    'server_closes certain',
  ],
  [
    'nobody listens there',
    { probe: told({ connectErrors: { ECONNREFUSED: 20 } }) },
    'slow_or_dead_destination certain',
  ],
  [
    'a request every few seconds, with connections kept for less',
    { probe: told({ opens: 30, requests: 40, closes: { idle_timeout: 29 } }) },
    'idle_timeout_churn certain',
  ],
  [
    'connections closed for reasons that nobody knows',
    { probe: told({ opens: 20, requests: 20, closes: { other: 20 } }) },
    'connection_per_request certain',
  ],
];

/** Programs that do nothing wrong, with numbers at which a rule could stumble. */
const GOOD: readonly Row[] = [
  ['nothing at all', {}],
  [
    '4,000 requests a second on 50 connections',
    {
      report: { usedPorts: 50, states: { established: 50 }, opensPerSecond: 0 },
      probe: told(
        { opens: 4, requests: 240_000, closes: { idle_timeout: 4 } },
        { marks: { open: 50, concurrent: 50, queued: 9 }, gauges: { ...NO_GAUGES, open: 50, idle: 3 } },
      ),
    },
  ],
  [
    'a few bodies given up among very many',
    { probe: told({ opens: 60, requests: 240_000, closes: { body_unread: 50, phantom: 8 } }) },
  ],
  ['a few aborts among many', { probe: told({ opens: 30, requests: 6000, closes: { aborted: 25 } }) }],
  [
    'nine requests, each on a connection of its own',
    { probe: told({ opens: 9, requests: 9, closes: { aborted: 9 } }) },
  ],
  [
    'a burst at the start, reused from then on',
    {
      report: { usedPorts: 200, states: { established: 200 } },
      probe: told({ opens: 200, requests: 6000 }, { marks: { open: 200, concurrent: 200, queued: 0 } }),
    },
  ],
  [
    'slow downloads, read as they come',
    {
      probe: told(
        { opens: 20, requests: 20 },
        { gauges: { ...NO_GAUGES, open: 20 }, marks: { open: 20, concurrent: 20, queued: 0 } },
      ),
    },
  ],
  ['a cron job: ten requests and gone', { probe: told({ opens: 1, requests: 10, closes: { client_closed: 1 } }) }],
  [
    'thousands of long connections, far from the limit',
    {
      report: { usedPorts: 5000, states: { established: 5000 }, verdict: 'healthy' },
      live: live(5000, { reused: 4900 }),
    },
  ],
  ['WebSockets that end as they should', { probe: told({ opens: 40, requests: 40, closes: { upgraded: 9 } }) }],
  [
    'a small churn that costs nobody anything, and no probe',
    { report: { ...churning(8), usedPorts: 480, verdict: 'healthy' }, live: live(3) },
  ],
  [
    'sysctls that could be better, and no need',
    { namespace: { range: { low: 50_000, high: 50_999 }, reservedPorts: 500 }, listenersInRange: 7 },
  ],
];

/** From the kernel alone: right, or honest. */
const KERNEL: readonly Row[] = [
  [
    'connections that carry one request each',
    { report: churning(400), live: live(20) },
    'connection_per_request likely',
    'tw_reuse_would_help',
  ],
  [
    'the same, where the kernel cannot be asked',
    { report: churning(400) },
    'connection_per_request possible',
    'tw_reuse_would_help',
  ],
  [
    'the same of a program that is known for it',
    { report: churning(400, { owners: [owner({ comm: 'python3' })] }) },
    'connection_per_request likely',
    'tw_reuse_would_help',
  ],
  [
    "Go's two idle connections",
    { report: churning(400), live: live(20, { reused: 9 }) },
    'idle_pool_too_small likely',
    'tw_reuse_would_help',
  ],
  [
    'bodies left unread: closed with data that nobody has read',
    { report: churning(300), live: live(20), abortsPerSecond: 250 },
    'unread_body likely',
    'tw_reuse_would_help',
  ],
  [
    'the same where every close is a reset and leaves nothing',
    {
      report: {
        ...churning(0),
        usedPorts: 2000,
        states: { established: 2000 },
        opensPerSecond: 300,
        verdict: 'warning',
      },
      abortsPerSecond: 300,
    },
    'unread_body likely',
  ],
  [
    'data that nobody reads, more and more',
    {
      report: { usedPorts: 3000, states: { established: 3000 }, verdict: 'healthy' },
      live: live(3000, { unread: 2990 }),
      growth: { livePerSecond: 4 },
    },
    'leaked_body likely',
  ],
  [
    'connections that nobody closes',
    {
      report: { usedPorts: 3000, states: { established: 3000 } },
      live: live(3000, { idle: 2900 }),
      growth: { livePerSecond: 4 },
    },
    'connection_leak likely',
  ],
  [
    'CLOSE_WAIT that grow',
    { report: { usedPorts: 300, states: { close_wait: 300 } }, growth: { closeWaitPerSecond: 2, livePerSecond: 2 } },
    'close_wait_leak certain',
  ],
  [
    'CLOSE_WAIT that are most of it',
    { report: { usedPorts: 300, states: { close_wait: 290, established: 10 } } },
    'close_wait_leak likely',
  ],
  [
    'nobody answers',
    { report: { usedPorts: 900, states: { syn_sent: 890, established: 10 }, verdict: 'watch' } },
    'slow_or_dead_destination likely',
  ],
  [
    'resets of this side, which look like closes of the other',
    {
      report: {
        usedPorts: 2000,
        states: { established: 2000 },
        opensPerSecond: 500,
        closesPerSecond: { local: 5, remote: 495 },
      },
      abortsPerSecond: 480,
    },
    'unread_body likely',
  ],
  [
    'the other side closes',
    {
      report: {
        usedPorts: 2000,
        states: { established: 2000 },
        opensPerSecond: 500,
        closesPerSecond: { local: 5, remote: 495 },
      },
      abortsPerSecond: 0,
    },
    'server_closes likely',
  ],
  [
    'a proxy that binds before it connects',
    {
      report: { ...churning(0), usedPorts: 10, states: { established: 10 }, blockedPorts: 27_000, verdict: 'critical' },
      namespace: { bindPools: [bindPool({ local: '10.9.0.1' })] },
    },
    'bind_before_connect certain',
  ],
  [
    'a client that binds, and opens a connection for each request',
    {
      boundPorts: 24_000,
      report: churning(400),
      live: live(20),
      namespace: { bindPools: [bindPool({ local: '10.9.0.1', usedPorts: 24_020 })] },
    },
    'bind_before_connect certain',
    'connection_per_request likely',
    'tw_reuse_would_help',
  ],
  [
    'one that does not bind, beside it',
    {
      report: churning(400),
      live: live(20),
      namespace: { bindPools: [bindPool({ local: '10.9.0.1', usedPorts: 24_020 })] },
    },
    'connection_per_request likely',
    'tw_reuse_would_help',
  ],
  [
    'bodies left unread, where nothing is left of connections to count them by',
    {
      report: { usedPorts: 2000, states: { established: 2000 }, opensPerSecond: null, verdict: 'watch' },
      abortsPerSecond: 300,
    },
    'unread_body possible',
  ],
  [
    'listeners, reservations and a small range, where ports are short',
    {
      report: {
        usedPorts: 400,
        usablePorts: 500,
        headroomPorts: 20,
        states: { established: 400 },
        verdict: 'critical',
      },
      namespace: { range: { low: 50_000, high: 50_999 }, reservedPorts: 500 },
      listenersInRange: 80,
      live: live(400, { reused: 400 }),
    },
    'too_hot_for_one_address',
    'listener_in_range',
    'reserved_too_much',
    'range_too_small',
  ],
  [
    'long connections, more than one address has ports',
    {
      report: { usedPorts: 25_000, states: { established: 25_000 }, headroomPorts: 3000, verdict: 'warning' },
      live: live(25_000, { reused: 25_000 }),
    },
    'too_hot_for_one_address possible',
  ],
  [
    'nothing that explains it',
    {
      report: {
        usedPorts: 27_000,
        states: { fin_wait2: 27_000 },
        headroomPorts: 1000,
        verdict: 'critical',
        opensPerSecond: null,
        closesPerSecond: { local: null, remote: null },
      },
      growth: { livePerSecond: 9 },
    },
    'connection_leak likely',
  ],
  [
    'nothing at all that explains it',
    {
      report: {
        usedPorts: 3000,
        states: { time_wait: 1000, fin_wait2: 2000 },
        headroomPorts: 400,
        verdict: 'critical',
        opensPerSecond: null,
        closesPerSecond: { local: null, remote: null },
      },
    },
    'unknown possible',
  ],
];

/** A program with a probe beside one without: neither hides the other. */
const BOTH: readonly Row[] = [
  [
    'a good program with a probe, and one without that opens a connection for each request',
    {
      report: churning(400),
      live: live(60),
      probe: told({ opens: 2, requests: 5000 }, { isAll: false }),
    },
    'connection_per_request likely',
    'tw_reuse_would_help',
  ],
  [
    'the story: 4,000 a second, bodies given up, ports short',
    {
      report: churning(4000),
      live: live(20),
      probe: told(
        { opens: 240_000, requests: 240_000, closes: { body_unread: 239_000, other: 300 } },
        { timeWait: { body_unread: 25_900 }, marks: { open: 40, concurrent: 35, queued: 20 } },
      ),
    },
    'unread_body certain',
    'tw_reuse_would_help possible',
  ],
];

for (const [table, rows] of Object.entries({ TWENTY, GOOD, KERNEL, BOTH })) {
  describe(`causesOf, ${table}`, () => {
    for (const [what, situation, ...expected] of rows) {
      it(`${expected.join(', ') || 'nothing'}: ${what}`, () => {
        const found = causesOf(facts(situation));
        const said = found.map(({ cause, confidence }, index) =>
          expected[index]?.includes(' ') === true ? `${cause} ${confidence}` : cause,
        );
        assert.deepEqual(said, expected);
        for (const { evidence } of found) assert.ok(evidence.length > 0 && evidence.every((line) => line.length > 10));
      });
    }
  });
}

describe('causesOf', () => {
  it('has a row in the table for every cause', () => {
    const rows = [...TWENTY, ...GOOD, ...KERNEL, ...BOTH];
    const seen = new Set(rows.flatMap(([, , ...expected]) => expected.map((one) => one.split(' ')[0])));
    assert.deepEqual(
      CAUSES.filter((cause) => !seen.has(cause)),
      [],
    );
  });

  it('says where in the program', () => {
    const callSites = [{ site: '/srv/api.js:9', reason: 'body_unread' as const, count: 3 }];
    const probe = told({ opens: 20, requests: 20, closes: { body_unread: 20 } }, { callSites });
    assert.equal(causesOf(facts({ probe }))[0]?.callSite, '/srv/api.js:9');
  });

  it('never stumbles, and promises no more ports than are used', () => {
    const count = fc.nat({ max: 100_000 });
    const closes = fc.record(Object.fromEntries(CLOSE_REASONS.map((reason) => [reason, count])), { requiredKeys: [] });
    const probe = fc.record({
      opens: count,
      requests: count,
      opensBesideIdle: count,
      closes,
      connectErrors: fc.constant({ ECONNREFUSED: 7 }),
    });
    const state = fc.record({
      time_wait: count,
      established: count,
      close_wait: count,
      syn_sent: count,
    });
    fc.assert(
      fc.property(
        fc.option(probe),
        state,
        fc.constantFrom('healthy', 'watch', 'warning', 'critical'),
        fc.option(count),
        fc.option(count),
        fc.boolean(),
        (counts, states, verdict, opens, aborts, isAll) => {
          const usedPorts = Object.values(states).reduce((sum, one) => sum + one, 0);
          const report = {
            states,
            usedPorts,
            verdict,
            opensPerSecond: opens,
            closesPerSecond: { local: opens, remote: aborts },
          } as const;
          const found = causesOf(
            facts({
              report,
              probe: counts === null ? null : told(counts, { isAll }),
              abortsPerSecond: aborts,
              live: live(50, { reused: 3, unread: 20 }),
              growth: { livePerSecond: aborts },
            }),
          );
          assert.equal(new Set(found.map(({ cause }) => cause)).size, found.length);
          for (const { portsBack } of found) assert.ok(portsBack >= 0 && portsBack <= usedPorts);
        },
      ),
    );
  });
});
