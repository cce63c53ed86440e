import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseEvents, parseHello, parseSums } from '../../../collectors/undici/probe-message.ts';
import { EVENT_BYTES, OPENED, REASONS, WIRE_VERSION } from '../../../collectors/undici/wire.cts';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const HELLO = { version: WIRE_VERSION, pid: 7, thread: 0, node: '22.11.0', netns: 4026531840, uptime: 1.5 };
const PATH = {
  id: 1,
  client: 'undici',
  tls: true,
  name: 'API.example.com',
  local: '::ffff:10.0.0.1',
  remote: '::ffff:10.0.0.2',
  port: 443,
  opens: 3,
  requests: 9,
  besideIdle: 1,
  closes: { body_unread: 2 },
  errors: { ECONNREFUSED: 1 },
  open: 1,
  idle: 1,
  unread: 0,
  unused: 0,
  clients: 0,
  mostOpen: 3,
  mostConcurrent: 2,
  mostQueued: 5,
  hint: 5,
  sites: [['/srv/app.js:41', 'body_unread', 2]],
};
const sums = (path: object) => parseSums(json({ dropped: 0, faults: 0, paths: [{ ...PATH, ...path }] })).paths;

describe('parseHello', () => {
  it('takes what a probe says', () => assert.deepEqual(parseHello(json(HELLO)), HELLO));

  for (const [what, hello] of [
    ['another version', { ...HELLO, version: 2 }],
    ['a pid that is text', { ...HELLO, pid: '7' }],
    ['a negative pid', { ...HELLO, pid: -1 }],
    ['a version of Node with a line break', { ...HELLO, node: '22\n' }],
    ['a time that is no number', { ...HELLO, uptime: null }],
    ['a list', []],
    ['nothing', null],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => parseHello(json(hello)), /^Error: hello/));
  }

  it('does not repeat what came', () => {
    assert.throws(() => parseHello(Buffer.from('{"secret')), { message: 'hello is not JSON' });
  });
});

describe('parseSums', () => {
  it('makes addresses canonical, and names lower case', () => {
    const [one] = sums({});
    assert.deepEqual([one?.local, one?.remote, one?.remotePort], ['10.0.0.1', '10.0.0.2', 443]);
    assert.deepEqual([one?.remoteName, one?.isTls, one?.marks.queued], ['api.example.com', true, 5]);
    assert.deepEqual(one?.callSites, [{ site: '/srv/app.js:41', reason: 'body_unread', count: 2 }]);
  });

  it('counts a reason that it does not know as other', () => {
    const [one] = sums({ closes: { from_the_future: 4, other: 1, body_unread: 2 } });
    assert.deepEqual(one?.counts.closes, { other: 5, body_unread: 2 });
  });

  it('leaves out paths that lead nowhere, and names and codes that are none', () => {
    assert.deepEqual(sums({ remote: 'not an address' }), []);
    assert.deepEqual(sums({ port: 0 }), []);
    assert.deepEqual(sums({ local: 'x' }), []);
    assert.equal(sums({ local: '' })[0]?.local, null);
    assert.equal(sums({ name: 'a b\n"}' })[0]?.remoteName, null);
    assert.deepEqual(sums({ errors: { 'a "label"': 1, EPIPE: 2 } })[0]?.counts.connectErrors, { EPIPE: 2 });
    assert.equal(sums({ sites: [['/a\u001b[2J:1', 'unread', 1]] })[0]?.callSites[0]?.site, '/a?[2J:1');
  });

  for (const [what, path] of [
    ['a count below 0', { opens: -1 }],
    ['a count beyond all counts', { opens: 1e300 }],
    ['a fraction', { open: 0.5 }],
    ['a name without end', { name: 'x'.repeat(300) }],
    ['a port beyond ports', { port: 70_000 }],
    ['another client', { client: 'curl' }],
    ['reasons without end', { closes: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`r${n}`, 1])) }],
    ['sites of another form', { sites: [['x']] }],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => sums(path), /^Error: sums/));
  }

  it('does not repeat a name that came', () => {
    const path = { ...PATH, closes: { ['s3cret'.repeat(1000)]: -1 } };
    assert.throws(() => parseSums(json({ dropped: 0, faults: 0, paths: [path] })), {
      message: /^sums: paths\.0\.closes\.\? is not .{1,20}$/,
    });
  });

  it('refuses whatever is no report, and never stumbles', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          assert.throws(() => parseSums(Buffer.from(bytes)), /^Error: sums/);
        },
      ),
    );
  });
});

describe('parseEvents', () => {
  it('reads what opened and what closed, and leaves a rest alone', () => {
    const bytes = Buffer.alloc(EVENT_BYTES * 3 + 5);
    for (const [index, [path, port, reason]] of [
      [1, 40_000, OPENED],
      [4_000_000_000, 65_535, REASONS.indexOf('phantom')],
      [2, 1, 200],
    ].entries()) {
      bytes.writeUInt32LE(path as number, index * EVENT_BYTES);
      bytes.writeUInt16LE(port as number, index * EVENT_BYTES + 4);
      bytes[index * EVENT_BYTES + 6] = reason as number;
    }
    assert.deepEqual(
      [...parseEvents(bytes)],
      [
        { path: 1, port: 40_000, reason: null },
        { path: 4_000_000_000, port: 65_535, reason: 'phantom' },
        { path: 2, port: 1, reason: 'other' },
      ],
    );
  });
});
