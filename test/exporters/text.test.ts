import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkTable } from '../../exporters/text.ts';
import { assessment, bindPool, destination, namespace } from '../support/assessments.ts';
import { matchesGolden } from '../support/golden.ts';

const plain = { all: false, color: false };
const CALM = {
  ...destination().forecast,
  kind: 'steady' as const,
  exhaustedInSeconds: null,
  slowConnectInSeconds: null,
};
const full = assessment({
  verdict: 'critical',
  namespaces: [
    namespace({
      verdict: 'critical',
      destinations: [
        destination({
          headroomPorts: 0,
          headroomPortsLow: 0,
          fastHeadroomPorts: 0,
          usedPorts: 28229,
          verdict: 'critical',
        }),
        destination({
          remote: '10.9.1.5',
          remotePort: 9000,
          usedPorts: 12600,
          headroomPorts: 15629,
          headroomPortsLow: 12000,
          forecast: { ...CALM, settlesAtPorts: 12_600 },
          verdict: 'healthy',
        }),
        destination({
          remote: '2001:db8::1',
          remotePort: 443,
          remoteName: 'api.example.com',
          asked: true,
          local: '2001:db8::2',
          usedPorts: 0,
          states: {},
          headroomPorts: 28229,
          headroomPortsLow: 28229,
          fastHeadroomPorts: 14115,
          opensPerSecond: 0,
          forecast: CALM,
          verdict: 'healthy',
        }),
        destination({ remotePort: 81, usedPorts: 5, verdict: 'healthy' }),
      ],
      destinationsOmitted: 3,
      omittedUsedPorts: 3,
    }),
  ],
  gaps: [{ source: 's', what: 'IPv6 sockets', why: 'net/tcp6 does not exist', costs: 'nothing' }],
});

describe('checkTable', () => {
  it('looks like its golden', () => matchesGolden('check.txt', checkTable(full, plain)));

  it('fits 80 columns where addresses are short', () => {
    // Perfdata is not for people.
    const lines = checkTable(assessment(), plain)
      .split('\n')
      .map((line) => line.split(' | ', 1)[0] as string);
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
  });

  it('shows all when asked to', () => {
    assert.doesNotMatch(checkTable(full, plain), /10\.9\.0\.2:81/);
    assert.match(checkTable(full, { ...plain, all: true }), /10\.9\.0\.2:81/);
  });

  it('repeats in colour what it says in words', () => {
    const esc = String.fromCharCode(27);
    const colored = checkTable(full, { ...plain, color: true });
    assert.ok(colored.includes(`${esc}[1;31m`));
    assert.equal(colored.replaceAll(new RegExp(`${esc}\\[[0-9;]*m`, 'g'), ''), checkTable(full, plain));
  });

  for (const [what, verdict, one, sentence] of [
    [
      'critical',
      'critical',
      { headroomPorts: 12 },
      'CRITICAL web-1: 10.9.0.2:8080 out of ports in 4.1s (api.service) | worst_used=99%;80;95',
    ],
    [
      'at the cliff',
      'warning',
      { fastHeadroomPorts: 0, forecast: CALM },
      'WARNING web-1: connect() to 10.9.0.2:8080 is slow now, 14,209 of 28,232 ports left (api.service) | worst_used=49%;80;95',
    ],
    [
      'healthy',
      'healthy',
      {},
      'OK web-1: tightest is 10.9.0.2:8080, 14,209 of 28,232 ports left (api.service) | worst_used=49%;80;95',
    ],
    [
      'without anybody known, and without a deadline',
      'critical',
      { headroomPorts: 12, owners: [], forecast: CALM },
      'CRITICAL web-1: 10.9.0.2:8080 has 12 of 28,232 ports left | worst_used=99%;80;95',
    ],
    [
      'out of ports',
      'critical',
      { headroomPorts: 0 },
      'CRITICAL web-1: 10.9.0.2:8080 is out of ports, all 28,232 are taken (api.service) | worst_used=100%;80;95',
    ],
    [
      'soon slow',
      'warning',
      { owners: [], forecast: { ...CALM, slowConnectInSeconds: 12.34 } },
      'WARNING web-1: connect() to 10.9.0.2:8080 is slow in 12s, 14,209 of 28,232 ports left | worst_used=49%;80;95',
    ],
  ] as const) {
    it(`says in its first line: ${what}`, () => {
      const destinations = [destination({ verdict, ...one })];
      const [first] = checkTable(assessment({ verdict, namespaces: [namespace({ destinations })] }), plain).split('\n');
      assert.equal(first, sentence);
    });
  }

  it('names the sickest destination first, not the fullest', () => {
    const fuller = destination({ remotePort: 1, headroomPorts: 11_000, fastHeadroomPorts: 900, verdict: 'healthy' });
    const atCliff = destination({
      remotePort: 2,
      headroomPorts: 14_000,
      fastHeadroomPorts: 0,
      verdict: 'warning',
      forecast: CALM,
    });
    const text = checkTable(
      assessment({ verdict: 'warning', namespaces: [namespace({ destinations: [fuller, atCliff] })] }),
      plain,
    );
    assert.match(text, /^WARNING web-1: connect\(\) to 10\.9\.0\.2:2 is slow now/);
  });

  it('has a line for a bind pool that is not healthy, and begins with it if nothing is worse', () => {
    const pool = bindPool({
      headroomPorts: 5000,
      anyHeadroomPorts: 4000,
      usedPorts: 23_232,
      forecast: { ...bindPool().forecast, exhaustedInSeconds: 12.34 },
      verdict: 'warning',
    });
    const shown = (pools: (typeof pool)[], verdict: 'healthy' | 'critical', all = false) => {
      const destinations = [destination({ verdict })];
      return checkTable(assessment({ namespaces: [namespace({ destinations, bindPools: pools })] }), { ...plain, all });
    };
    const line =
      '!  bind() before connect() from 10.9.0.1: 5,000 of 28,232 ports left · 4,000 to any address · 23,232 taken · 21 bound/s · out of ports in 12.3 s';
    assert.ok(shown([pool], 'healthy').split('\n').includes(line), shown([pool], 'healthy'));
    assert.match(
      shown([pool], 'healthy'),
      /^.*: bind\(\) before connect\(\) from 10\.9\.0\.1 has 4,000 of 28,232 ports left \|/,
    );
    assert.match(shown([pool], 'healthy'), /Next: ss -tanp src 10\.9\.0\.1 /);
    assert.match(shown([pool], 'critical'), /^.*: 10\.9\.0\.2:8080 out of ports /);
    assert.ok(!shown([bindPool()], 'healthy').includes('bind()'));
    assert.ok(shown([bindPool()], 'healthy', true).includes('ok bind() before connect() from 10.9.0.1: 26,832'));
  });

  it('says why it is blind', () => {
    const gaps = [{ source: 's', what: 'all', why: 'EACCES: no', costs: '' }];
    const blind = assessment({
      verdict: 'blind',
      gaps,
      namespaces: [namespace({ verdict: 'blind', usablePorts: null, destinations: [] })],
    });
    assert.match(checkTable(blind, plain), /^BLIND web-1: cannot look: EACCES: no\nNot visible: all\n/);
  });

  it('lets nothing through that a terminal would obey', () => {
    const evil = destination({ remoteName: 'a\u001b]0;x\u0007b\nc\u202ed\ud800', asked: true });
    const text = checkTable(assessment({ namespaces: [namespace({ destinations: [evil] })] }), plain);
    assert.ok([...text].every((char) => char === '\n' || char >= ' '));
    assert.match(text, /a\?\]0;x\?b\?c\?d\?/);
  });
});
