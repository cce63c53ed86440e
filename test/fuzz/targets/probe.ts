// What comes in on the probe's socket, from whoever may write there; and what servers say to the probe.
import assert from 'node:assert/strict';
import { ProbeLedger } from '../../../agent/correlate/probes/probe-ledger.ts';
import { formatAddress, parseAddress } from '../../../agent/model/address.ts';
import { FrameReader } from '../../../collectors/undici/frame-reader.ts';
import { readKeepAlive } from '../../../collectors/undici/keep-alive.cts';
import { parseEvents, parseHello, parseSums } from '../../../collectors/undici/probe-message.ts';
import { EVENTS, frame, HELLO, MOST_BYTES, SUMS } from '../../../collectors/undici/wire.cts';
import { Draw } from '../draw.ts';
import { isOneLine, isWithin, orRefuses } from '../holds.ts';
import type { Target } from '../target.ts';

const HELLO_TEXT = '{"version":1,"pid":42,"thread":0,"node":"22.11.0","netns":4026531840,"uptime":1.5}';
const PATH =
  '{"id":1,"client":"undici","tls":false,"name":"api.example.com","local":"10.9.0.1","remote":"::ffff:10.9.0.2","port":80,"opens":3,"requests":9,"besideIdle":0,"closes":{"body_unread":2,"new_one":1},"errors":{"EADDRNOTAVAIL":1},"open":1,"idle":0,"unread":1,"unused":0,"clients":1,"mostOpen":2,"mostConcurrent":2,"mostQueued":0,"hint":5,"sites":[["/a.js:1","unread",3]]}';
const SUMS_TEXT = `{"dropped":0,"faults":0,"paths":[${PATH}]}`;
const EVENT = new Uint8Array([1, 0, 0, 0, 0x40, 0x9c, 255, 0, 1, 0, 0, 0, 0x41, 0x9c, 3, 0]);
const SESSION = Buffer.concat([
  frame(HELLO, Buffer.from(HELLO_TEXT)),
  frame(SUMS, Buffer.from(SUMS_TEXT)),
  frame(EVENTS, Buffer.from(EVENT)),
]);
const TOKENS = [
  '"',
  ':',
  ',',
  '{',
  '}',
  '[',
  ']',
  'null',
  '-1',
  '1e400',
  '"__proto__":',
  '"id":',
  '"opens":',
  '"closes":{',
  '"sites":[',
  '"toString"',
  '"EADDRINUSE":1',
  '\\u0000',
  '"::1"',
];

/** All frames, read in pieces of these lengths; what was thrown is the last of them. */
function framesOf(bytes: Buffer, lengths: () => number): unknown[] {
  const reader = new FrameReader();
  const found: unknown[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + lengths());
      for (const { kind, payload } of reader.read(bytes.subarray(at, end)))
        found.push([kind, payload.toString('latin1')]);
      at = end;
    }
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    found.push(error.message);
  }
  return found;
}

function checkSums(payload: Buffer) {
  const sums = orRefuses(() => parseSums(payload), Error, /^sums/);
  for (const path of sums?.paths ?? []) {
    isWithin(path.remotePort, 1, 65535, 'a port');
    for (const address of [path.remote, path.local]) {
      if (address !== null) assert.equal(formatAddress(parseAddress(address)!), address);
    }
    if (path.remoteName !== null) assert.match(path.remoteName, /^[a-z0-9._-]{1,253}$/);
    for (const code of Object.keys(path.counts.connectErrors)) assert.match(code, /^[A-Z][A-Z0-9_]*$/);
    for (const count of [
      ...Object.values(path.counts.closes),
      ...Object.values(path.gauges),
      ...Object.values(path.marks),
    ]) {
      isWithin(count, 0, Number.MAX_SAFE_INTEGER * 32, 'a count');
    }
    for (const { site } of path.callSites) isOneLine(site, 256);
  }
  return sums;
}

export const PROBE: readonly Target[] = [
  {
    name: 'frames',
    seeds: [SESSION, frame(9, Buffer.alloc(0)), frame(2, Buffer.alloc(300, 1))],
    tokens: [new Uint8Array([0, 0, 0, 0, 1]), new Uint8Array([255, 255, 0, 0, 2]), new Uint8Array([1, 0, 1, 0, 3])],
    run(input) {
      const draw = new Draw(input);
      const whole = framesOf(input, () => input.length);
      assert.deepEqual(
        framesOf(input, () => 1),
        whole,
      );
      assert.deepEqual(
        framesOf(input, () => 1 + draw.byte()),
        whole,
      );
      // What was read is what was written.
      const frames = whole.filter((one): one is [number, string] => Array.isArray(one));
      const written = Buffer.concat(frames.map(([kind, payload]) => frame(kind, Buffer.from(payload, 'latin1'))));
      assert.deepEqual(input.subarray(0, written.length), written);
    },
  },
  {
    name: 'probe-hello',
    seeds: [HELLO_TEXT],
    tokens: TOKENS,
    run(input) {
      const hello = orRefuses(() => parseHello(input), Error, /^hello/);
      if (hello === undefined) return;
      isOneLine(hello.node, 32);
      isWithin(hello.pid, 0, Number.MAX_SAFE_INTEGER, 'a pid');
    },
  },
  {
    name: 'probe-sums',
    seeds: [SUMS_TEXT],
    tokens: [...TOKENS, PATH],
    mostBytes: MOST_BYTES,
    run: (input) => void checkSums(input),
  },
  {
    name: 'probe-session',
    seeds: [SESSION, Buffer.concat([SESSION, SESSION])],
    tokens: [...TOKENS, SESSION, frame(SUMS, Buffer.from(SUMS_TEXT)), frame(EVENTS, Buffer.from(EVENT))],
    run(input) {
      // As ProbeReceiver does it: what it does not understand ends the connection, and what was said before is kept.
      const ledger = new ProbeLedger();
      let probe: number | null = null;
      let at = 0;
      try {
        for (const { kind, payload } of new FrameReader().read(input)) {
          at += 500;
          if (kind === HELLO) {
            const { pid, thread, node, uptime, netns } = parseHello(payload);
            probe = ledger.begin({ pid, netns, name: `${pid} ${thread}`, node, uptimeSeconds: uptime }, at);
          } else if (kind === SUMS && probe !== null) {
            const sums = checkSums(payload);
            if (sums === undefined) break;
            ledger.report(probe, sums.paths, sums.dropped, at);
          } else if (kind === EVENTS && probe !== null) {
            for (const { path, port, reason } of parseEvents(payload)) ledger.event(probe, path, port, reason, at);
          } else break;
        }
      } catch (error) {
        orRefuses(
          () => {
            throw error;
          },
          Error,
          /^hello|^sums|^a frame of/,
        );
      }
      const seen = ledger.of(4026531840, at, () => 0);
      const view = seen?.view('10.9.0.1', '10.9.0.2', 80);
      for (const { local, remote, remotePort } of seen?.lately() ?? []) {
        isWithin(remotePort, 1, 65535, 'a port');
        seen?.view(local ?? '', remote, remotePort);
      }
      for (const count of Object.values(view?.gauges ?? {})) isWithin(count, 0, Number.MAX_VALUE, 'a gauge');
      if (view !== undefined && view !== null)
        isWithin(view.requestsPerSecond, 0, Number.MAX_VALUE, 'requests per second');
      if (probe !== null) ledger.end(probe, at);
    },
  },
  {
    name: 'keep-alive',
    seeds: [
      'Connection\nclose\nKeep-Alive\ntimeout=5, max=100',
      'keep-alive\nmax=3, timeout = 7\nconnection\nkeep-alive, close',
    ],
    tokens: ['connection\n', 'Keep-Alive\n', 'timeout=', 'timeout = ', 'close', ', ', '\n', '99999999999', 'clos', 'é'],
    run(input) {
      const headers = input.toString('latin1').split('\n');
      const read = (from: readonly (string | Uint8Array)[]) => {
        const into = { serverCloses: false, hint: Number.POSITIVE_INFINITY };
        readKeepAlive(from, into);
        return into;
      };
      const asText = read(headers);
      // undici gives bytes, node:http text.
      assert.deepEqual(read(headers.map((text) => Buffer.from(text, 'latin1'))), asText);
      if (asText.hint !== Number.POSITIVE_INFINITY) isWithin(asText.hint, 0, 999_999_999, 'a hint');
    },
  },
];
