import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readWebFiles } from '../../../agent/config/web-files.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { needs } from '../../support/needs.ts';

const HASH = `$2y$10$${'x'.repeat(53)}`;

/** Reads `text` as /etc/lastport/web.yml, beside the files given. */
function read(text: string, files: Readonly<Record<string, string>> = {}) {
  const all: Readonly<Record<string, string>> = { '/etc/lastport/web.yml': text, ...files };
  return readWebFiles('/etc/lastport/web.yml', (path) => {
    const found = all[path];
    if (found === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return found;
  });
}

describe('readWebFiles', () => {
  it('reads passwords, headers and a rate', () => {
    const { settings, warnings } = read(
      [
        'basic_auth_users:',
        `  prometheus: ${HASH}`,
        `  "who: ever": '${HASH}'`.replace(': ever', ' ever'),
        'http_server_config:',
        '  http2: true',
        '  headers:',
        '    X-Frame-Options: deny',
        '    X-XSS-Protection: ""',
        '    Strict-Transport-Security: max-age=31536000',
        'rate_limit: {interval: 1m30s, burst: 20}',
      ].join('\n'),
    );
    assert.deepEqual(settings, {
      tls: null,
      users: new Map([
        ['prometheus', HASH],
        ['who ever', HASH],
      ]),
      headers: { 'x-frame-options': 'deny', 'strict-transport-security': 'max-age=31536000' },
      rateLimit: { intervalMs: 90_000, burst: 20 },
    });
    assert.deepEqual(warnings, [
      '/etc/lastport/web.yml:5:10: http_server_config.http2: everybody gets HTTP/1.1, which they speak too',
    ]);
  });

  for (const text of ['', '# nothing', 'basic_auth_users:', 'tls_server_config:\n', 'rate_limit: {interval: 0}']) {
    it(`finds nobody kept out by ${JSON.stringify(text)}`, () => {
      assert.deepEqual(read(text).settings, { tls: null, users: new Map(), headers: {}, rateLimit: null });
    });
  }

  for (const [text, problem] of [
    ['basic_auth_user: {}', ':1:1: basic_auth_user: unknown key; did you mean basic_auth_users?'],
    ['tls_server_config:\n  cert_fil: x', ':2:3: tls_server_config.cert_fil: unknown key; did you mean cert_file?'],
    [
      'http_server_config: {headers: {Server: x}}',
      ':1:32: http_server_config.headers.Server: unknown key; use Content-Security-Policy',
    ],
    [
      'basic_auth_users: {a: secret}',
      ':1:23: basic_auth_users.a: not a bcrypt hash; make one with: htpasswd -nBC 10 ""',
    ],
    [
      `basic_auth_users: {a: ${HASH.replace('$10$', '$16$')}}`,
      ':1:23: basic_auth_users.a: takes too long to check; use a cost of 4 to 15',
    ],
    [`basic_auth_users: {a: ${HASH}, a: ${HASH}}`, 'a: given twice; give it once'],
    ['basic_auth_users: [a]', ':1:19: basic_auth_users: a group of keys is meant'],
    ['- a', ':1:1: a group of keys is meant'],
    ['basic_auth_users: &x {}\nrate_limit: *x', ':2:13: … is an alias'],
    ['http_server_config: {http2: yes}', ':1:29: http_server_config.http2: neither true nor false'],
    [
      'http_server_config: {headers: {X-Frame-Options: allow}}',
      'http_server_config.headers.X-Frame-Options: not one of deny, sameorigin',
    ],
    ['http_server_config: {headers: {X-XSS-Protection: "a\\nb"}}', 'X-XSS-Protection: not the text of a header'],
    ['rate_limit: {interval: fast, burst: 1}', ':1:24: rate_limit.interval: not a duration; use 1s or 500ms'],
    ['rate_limit: {interval: 1s}', 'rate_limit.burst: without a burst nobody gets anything'],
    ['rate_limit: {interval: 1s, burst: -1}', ':1:35: rate_limit.burst: not a whole number'],
    ['tls_server_config: {min_version: TLS10}', ':1:34: tls_server_config.min_version: not one of TLS12, TLS13'],
    ['tls_server_config: {cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}', 'tls_server_config.cipher_suites.0: not one of'],
    [
      'tls_server_config: {curve_preferences: P256}',
      ':1:40: tls_server_config.curve_preferences: a list is meant here',
    ],
    [
      'tls_server_config: {client_auth_type: Always}',
      ':1:39: tls_server_config.client_auth_type: not one of NoClientCert',
    ],
    ['tls_server_config: {cert_file: x}', ':1:32: tls_server_config.cert_file: cannot read "/etc/lastport/x"'],
    ['tls_server_config: {max_version: TLS12}', ':1:20: tls_server_config: no certificate; give cert_file'],
    ['a: {', ':1:5: '],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => read(text),
        ({ name, message }: Error) => {
          assert.equal(name, 'UsageError');
          assert.ok(message.includes(problem), `${message} has no ${problem}`);
          assert.match(message, /^\/etc\/lastport\/web\.yml:\d+:\d+: [^\n]+$/);
          return true;
        },
      );
    });
  }

  it('never shows what may be a password', () => {
    for (const text of [
      'basic_auth_users: {a: hunter2}',
      'basic_auth_users: {a: [hunter2]}',
      'basic_auth_users: hunter2',
      'basic_auth_users: {a: *hunter2}',
      'basic_auth_users: {a: !hunter2 x}',
      'basic_auth_users: {a: "x" hunter2}',
      '%hunter2\n---\na: 1',
      'basic_auth_users:\n  a: |hunter2\n   x',
    ]) {
      assert.throws(
        () => read(text),
        ({ message }: Error) => !message.includes('hunter2'),
      );
    }
  });

  describe('TLS', { skip: needs('openssl') }, () => {
    const { ca, good, elsewhere } = makeCertificates();
    const files = {
      '/etc/lastport/server.crt': good.cert,
      '/etc/lastport/server.key': good.key,
      '/etc/lastport/other.key': elsewhere.key,
      '/etc/lastport/ca.crt': ca,
      '/etc/lastport/text': 'nothing',
    };
    const tls = (...lines: string[]) =>
      read(
        [
          'tls_server_config:',
          '  cert_file: server.crt',
          '  key_file: server.key',
          ...lines.map((one) => `  ${one}`),
        ].join('\n'),
        files,
      );

    it('takes the files, by paths from its own, and defaults', () => {
      const { context, clientAuth, allowedSans, expiresAt } = tls().settings.tls ?? assert.fail();
      assert.deepEqual([context.cert, context.key], [good.cert, good.key]);
      assert.deepEqual(
        [context.minVersion, context.maxVersion, context.honorCipherOrder],
        ['TLSv1.2', 'TLSv1.3', true],
      );
      assert.deepEqual([clientAuth, allowedSans], ['NoClientCert', null]);
      assert.ok(expiresAt > Date.now());
    });

    it('takes certificates written in it', () => {
      const indented = (text: string) =>
        text
          .trim()
          .split('\n')
          .map((one) => `    ${one}`)
          .join('\n');
      const text = `tls_server_config:\n  cert: |\n${indented(good.cert)}\n  key: |\n${indented(good.key)}\n`;
      assert.equal(read(text).settings.tls?.context.cert, good.cert);
    });

    it('takes all else by the names of Go', () => {
      const { context, clientAuth, allowedSans } =
        tls(
          'client_ca_file: ca.crt',
          'client_auth_type: RequireAndVerifyClientCert',
          'client_allowed_sans: [prometheus.example.com]',
          'min_version: TLS12',
          'max_version: TLS12',
          'cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]',
          'curve_preferences: [CurveP256, X25519]',
          'prefer_server_cipher_suites: false',
        ).settings.tls ?? assert.fail();
      assert.equal(context.ca, ca);
      assert.equal(clientAuth, 'RequireAndVerifyClientCert');
      assert.deepEqual(allowedSans, ['prometheus.example.com']);
      assert.equal(context.maxVersion, 'TLSv1.2');
      assert.match(String(context.ciphers), /:ECDHE-ECDSA-AES128-GCM-SHA256$/);
      assert.equal(context.ecdhCurve, 'prime256v1:X25519');
      assert.equal(context.honorCipherOrder, false);
    });

    it('knows the old name of a client that shows any certificate', () => {
      assert.equal(tls('client_auth_type: RequireClientCert').settings.tls?.clientAuth, 'RequireAnyClientCert');
    });

    for (const [lines, problem] of [
      [['cert: x'], 'tls_server_config.cert: cert_file is given too; keep one of them'],
      [['client_ca_file: ca.crt'], 'client_ca is given, but no certificate is asked for'],
      [
        ['client_auth_type: RequireAndVerifyClientCert'],
        'client_auth_type: RequireAndVerifyClientCert needs to know whom to trust',
      ],
      [['client_allowed_sans: [a]'], 'client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert'],
      [
        ['client_ca_file: text', 'client_auth_type: RequestClientCert'],
        ':4:19: tls_server_config.client_ca_file: no certificate in it',
      ],
      [
        ['min_version: TLS13', 'max_version: TLS12'],
        ':4:16: tls_server_config.min_version: TLS13 is above max_version',
      ],
    ] as const) {
      it(`refuses ${lines.join(', ')}`, () => {
        assert.throws(
          () => tls(...lines),
          ({ message }: Error) => message.includes(problem) || assert.fail(message),
        );
      });
    }

    for (const [cert, key, problem] of [
      ['server.crt', 'other.key', ':3:13: tls_server_config.key_file: not the key of the certificate'],
      ['text', 'server.key', ':2:14: tls_server_config.cert_file: no certificate in it; name a PEM file'],
      ['server.crt', 'text', ':3:13: tls_server_config.key_file: no private key in it; name a PEM file'],
      [
        'none',
        'server.key',
        ':2:14: tls_server_config.cert_file: cannot read "/etc/lastport/none": no such file (ENOENT); name a PEM file',
      ],
    ] as const) {
      it(`refuses ${cert} with ${key}`, () => {
        const text = `tls_server_config:\n  cert_file: ${cert}\n  key_file: ${key}\n`;
        assert.throws(() => read(text, files), { message: `/etc/lastport/web.yml${problem}` });
      });
    }
  });
});
