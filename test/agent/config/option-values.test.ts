import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  canonicalHost,
  duration,
  formatDuration,
  formatListen,
  oneOf,
  parseAllowedHost,
  parseBoolean,
  parseDirectory,
  parseEndpoint,
  parseListen,
  parseNetns,
  parseStateDir,
  quote,
  wholeNumber,
} from '../../../agent/config/option-values.ts';
import { formatAddress, formatEndpoint } from '../../../agent/model/address.ts';

const word = fc.nat(0xffffffff);
const address = fc
  .oneof(fc.tuple(word), fc.tuple(fc.constant(0x20010db8), word, word, word))
  .map((words) => formatAddress(words as [number]));
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const host = fc.oneof(
  address,
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  label.map((zone) => `fe80::1%${zone}`),
);

/** Runs `parse` over accepted texts with their values, and refused ones with what the message must say. */
function table(parse: (text: string) => unknown, accepted: [string, unknown][], refused: [string, RegExp][]): void {
  for (const [text, value] of accepted) it(`takes ${text}`, () => assert.deepEqual(parse(text), value));
  for (const [text, message] of refused) {
    it(`refuses ${quote(text)}`, () => {
      assert.throws(() => parse(text), { name: 'RangeError', message });
      // What was found stands in front, what would do after the semicolon.
      assert.throws(() => parse(text), { message: /^"[^\n]*" [^\n]*; [^\n]+$/ });
    });
  }
}

describe('duration', () => {
  const parse = duration(100, 300_000);
  table(
    parse,
    [
      ['250ms', 250],
      ['1s', 1000],
      ['1.5s', 1500],
      ['2m', 120_000],
      ['100ms', 100],
      ['5m', 300_000],
    ],
    [
      ['abc', /^"abc" is not a duration; use 250ms, 1s or 2m$/],
      ['', /not a duration/],
      ['5', /^"5" has no unit; use 5s, 250ms or 2m$/],
      ['-1s', /not a duration/],
      ['1 s', /not a duration/],
      ['1h', /not a duration/],
      ['1S', /not a duration/],
      ['1e3ms', /not a duration/],
      ['99ms', /^"99ms" is too short; use 100ms to 5m$/],
      ['0s', /too short/],
      ['301s', /^"301s" is too long; use 100ms to 5m$/],
      [`${'9'.repeat(400)}s`, /^"9{60}…" is too long/],
    ],
  );

  it('reads back what formatDuration writes', () => {
    fc.assert(fc.property(fc.nat(10_000_000), (ms) => duration(0, 1e9)(formatDuration(ms)) === ms));
  });
});

describe('parseEndpoint', () => {
  table(
    parseEndpoint,
    [
      ['10.9.0.2:8080', { host: '10.9.0.2', port: 8080 }],
      ['[2001:DB8:0:0::1]:443', { host: '2001:db8::1', port: 443 }],
      ['[::ffff:10.9.0.2]:80', { host: '10.9.0.2', port: 80 }],
      ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: 80 }],
      ['api.example.com:443', { host: 'api.example.com', port: 443 }],
      ['api.example.com.:443', { host: 'api.example.com.', port: 443 }],
      ['my_service:1', { host: 'my_service', port: 1 }],
    ],
    [
      '',
      ':80',
      '10.9.0.2',
      '10.9.0.2:',
      '10.9.0.2:0',
      '10.9.0.2:65536',
      '10.9.0.2:8o',
      '2001:db8::1:443',
      '2001:db8::1',
      '[10.9.0.2]:80',
      '[fe80::1%]:80',
      '[fe80::1%a%b]:80',
      '[::ffff:1.2.3.4%eth0]:80',
      '10.9.0.2%eth0:80',
      '1.2.3:80',
      '0x7f.1:80',
      '10.9.0.256:80',
      'https://api.example.com:443',
      'api.example.com:443/x',
      '-a.example:80',
      'a..b:80',
      'a b:80',
      'bücher.de:80',
      `${'a'.repeat(64)}.de:80`,
      `${'a.'.repeat(130)}de:80`,
    ].map((text) => [text, /is not a HOST:PORT; use 10\.9\.0\.2:8080, \[2001:db8::1\]:443 or api\.example\.com:443$/]),
  );

  it('reads back what formatEndpoint writes', () => {
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65535 }), (name, port) => {
        assert.deepEqual(parseEndpoint(formatEndpoint(name, port)), { host: canonicalHost(name), port });
      }),
    );
  });

  it('gives an endpoint or a RangeError of one line, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          const { port } = parseEndpoint(text);
          assert.ok(port >= 1 && port <= 65535);
        } catch (error) {
          assert.match((error as RangeError).message, /^[^\p{Cc}]*$/u);
        }
      }),
    );
  });
});

describe('parseListen', () => {
  table(
    parseListen,
    [
      ['127.0.0.1:9477', { kind: 'tcp', host: '127.0.0.1', port: 9477 }],
      ['127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
      ['[::1]:9477', { kind: 'tcp', host: '::1', port: 9477 }],
      ['[fe80::1%eth0]:9477', { kind: 'tcp', host: 'fe80::1%eth0', port: 9477 }],
      ['unix:/run/lastport/http.sock', { kind: 'unix', path: '/run/lastport/http.sock' }],
      [`unix:/${'a'.repeat(106)}`, { kind: 'unix', path: `/${'a'.repeat(106)}` }],
    ],
    [
      [':9477', /^":9477" names no address; use 127\.0\.0\.1:9477, or \[::\]:9477 for every interface$/],
      [`:${'4'.repeat(1000)}`, /^.{1,150}$/],
      ['*:80', /names no address; use 127\.0\.0\.1:80/],
      ['9477', /is not an ADDRESS:PORT/],
      ['localhost:9477', /is not an ADDRESS:PORT/],
      ['::1:9477', /is not an ADDRESS:PORT/],
      ['127.0.0.1:65536', /is not an ADDRESS:PORT/],
      ['unix:http.sock', /absolute path/],
      ['unix:', /absolute path/],
      [`unix:/${'a'.repeat(107)}`, /at most 107 bytes/],
      [`unix:/${'é'.repeat(60)}`, /at most 107 bytes/],
    ],
  );

  it('reads back what formatListen writes', () => {
    const tcp = fc.tuple(address, fc.nat(65535)).map(([host, port]) => ({ kind: 'tcp', host, port }) as const);
    const unix = fc.stringMatching(/^\/[\w./-]{1,90}$/).map((path) => ({ kind: 'unix', path }) as const);
    fc.assert(
      fc.property(fc.oneof(tcp, unix), (listen) => assert.deepEqual(parseListen(formatListen(listen)), listen)),
    );
  });
});

describe('wholeNumber', () => {
  const problems = (texts: string[], message: RegExp) => texts.map((text): [string, RegExp] => [text, message]);
  table(
    wholeNumber(0, 1000),
    [
      ['0', 0],
      ['1000', 1000],
      ['08', 8],
    ],
    [
      ...problems(['', 'x', '1.5', '1e2', '0x10', ' 1', '+1', 'NaN'], /is not a whole number; use 0 to 1000$/),
      ...problems(['-1', '1001', '9'.repeat(30)], /is out of bounds; use 0 to 1000$/),
    ],
  );
});

describe('oneOf', () => {
  const parse = oneOf(['auto', 'procfs']);
  table(
    parse,
    [['auto', 'auto']],
    [
      ['AUTO', /^"AUTO" will not do; use auto or procfs$/],
      ['constructor', /will not do/],
    ],
  );
});

describe('parseBoolean', () => {
  table(
    parseBoolean,
    [
      ['true', true],
      ['false', false],
    ],
    [
      ['yes', /use true or false/],
      ['', /use true or false/],
    ],
  );
});

describe('parseAllowedHost', () => {
  table(
    parseAllowedHost,
    [
      ['Metrics.Example.COM', 'metrics.example.com'],
      ['10.9.0.1', '10.9.0.1'],
      ['[2001:DB8::1]', '2001:db8::1'],
      ['2001:db8::1', '2001:db8::1'],
    ],
    [
      ['a.example:9477', /without port/],
      ['*', /without port/],
      ['http://a', /without port/],
      ['', /without port/],
    ],
  );
});

describe('parseDirectory', () => {
  table(
    parseDirectory,
    [
      ['/proc', '/proc'],
      ['/host/proc//', '/host/proc'],
      ['/', '/'],
      ['fixtures/a b', 'fixtures/a b'],
    ],
    [
      ['', /is not a path/],
      [' ', /is not a path/],
      ['/'.repeat(5000), /at most 4095/],
    ],
  );
});

describe('parseStateDir', () => {
  table(
    parseStateDir,
    [
      ['auto', 'auto'],
      ['off', 'off'],
      ['/srv/lastport/', { path: '/srv/lastport' }],
      ['./off', { path: './off' }],
    ],
    [['', /is not a path/]],
  );
});

describe('parseNetns', () => {
  table(
    parseNetns,
    [
      ['all', 'all'],
      ['self', 'self'],
      ['1', { pid: 1 }],
      ['4194304', { pid: 4194304 }],
      ['4026532246', { inode: 4026532246 }],
      ['net:[4026532246]', { inode: 4026532246 }],
    ],
    ['', '0', '-1', '1.5', 'host', '99999999999', 'net:[]'].map((text) => [text, /will not do; use all, self, a /]),
  );
});
