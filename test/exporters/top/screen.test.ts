import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type SORTS, shownRows } from '../../../exporters/top/rows.ts';
import { screen } from '../../../exporters/top/screen.ts';
import { assessment, destination, namespace, owner } from '../../support/assessments.ts';
import { matchesGolden } from '../../support/golden.ts';
import { BUSY, keyOfRow, screenText, textOf, viewOf } from '../../support/top-views.ts';

const many = assessment({
  namespaces: [
    namespace({
      destinations: Array.from({ length: 200 }, (_, index) =>
        destination({ remotePort: 1000 + index, usedPorts: 200 - index }),
      ),
    }),
  ],
});

describe('screen', () => {
  for (const [name, view] of [
    ['80x24', viewOf(80, 24)],
    ['40x12', viewOf(40, 12)],
    ['200x50', viewOf(200, 50)],
    ['detail-80x50', viewOf(80, 50, { mode: 'detail' })],
    ['help-80x24', viewOf(80, 24, { mode: 'help' })],
    ['typing-80x24', viewOf(80, 24, { isTyping: true, filter: 'nginx' })],
  ] as const) {
    it(`looks like its golden: ${name}`, () => matchesGolden(`top/${name}.txt`, screenText(view)));
  }

  it('keeps to any size, in any mode', () => {
    const modes = fc.constantFrom('table' as const, 'detail' as const, 'help' as const);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 220 }), fc.integer({ min: 1, max: 60 }), modes, (columns, rows, mode) => {
        screenText(viewOf(columns, rows, { mode }, { feed: { from: 'look', assessment: BUSY, problem: 'gone' } }));
      }),
      { numRuns: 150 },
    );
  });

  it('cuts no owner off, however narrow it is', () => {
    for (const columns of [30, 40, 60, 80, 120]) {
      const words = screenText(viewOf(columns, 40)).replaceAll(/\s+/g, '');
      for (const name of [
        'api.service(4242)',
        'nginx(2processes)',
        'warehouse-replication-exporter-eu-central-1.service(4242)',
      ]) {
        assert.ok(words.includes(name), `${name} at ${columns}`);
      }
    }
  });

  it('counts down between looks, and says "now" only when a look has seen it', () => {
    const at = (ageSeconds: number) => screenText(viewOf(80, 24, {}, { ageSeconds }));
    assert.match(at(0), /8080 .* 4\.1s$/m);
    assert.match(at(1.5), /8080 .* 2\.6s$/m);
    assert.match(at(60), /8080 .* 0\.0s$/m);
  });

  it('keeps the chosen row in sight', () => {
    const feed = { from: 'daemon', assessment: many, problem: null } as const;
    for (const port of [1000, 1015, 1100, 1199]) {
      const chosen = keyOfRow(`10.9.0.2:${port}`, many);
      const line = screenText(viewOf(80, 24, { chosen }, { feed }))
        .split('\n')
        .find((one) => /^.. >/.test(one));
      assert.match(line ?? 'none', new RegExp(`:${port} `));
    }
  });

  it('says what is wrong with what it shows', () => {
    const problem = 'the daemon at 127.0.0.1:9477 does not answer: connection refused; asking again';
    const old = screenText(viewOf(80, 24, {}, { feed: { from: 'daemon', assessment: BUSY, problem } }));
    assert.match(old, /^\? +the daemon at 127\.0\.0\.1:9477 does not answer/m);
    const none = screenText(viewOf(80, 24, {}, { feed: { from: 'look', assessment: null, problem } }));
    assert.match(none, /^Lastport: looking …\n\? +the daemon/);
  });

  it('says that what it tells of has gone', () => {
    assert.match(
      screenText(viewOf(80, 24, { mode: 'detail', chosen: 'gone' })),
      /^This destination is not in use any more/m,
    );
  });

  it('says that a filter matches nothing', () => {
    assert.match(screenText(viewOf(80, 24, { filter: 'zzz' })), /None matches the filter; Esc shows all\./);
  });

  it('shows text of others inert', () => {
    const evil = '\u001b]0;x\u0007\u001b[31m\u202eab\u200f\u2066c\u0300\u0301\nd\u{1f3fb}字';
    const hostile = assessment({
      host: { ...BUSY.host, name: evil },
      namespaces: [
        namespace({
          label: evil,
          destinations: [
            destination({ remoteName: evil, verdict: 'warning', owners: [owner({ unit: null, command: evil })] }),
            destination({ remotePort: 2, owners: [owner({ unit: null, command: evil.repeat(1000) })] }),
          ],
        }),
      ],
      gaps: [{ source: evil, what: evil, why: evil, costs: evil }],
    });
    const feed = { from: 'look', assessment: hostile, problem: evil } as const;
    for (const mode of ['table', 'detail'] as const) {
      const chosen = keyOfRow('10.9.0.2:8080', hostile);
      const { lines } = screen(viewOf(80, 60, { mode, chosen }, { feed }));
      assert.match(lines.map(textOf).join('\n'), mode === 'detail' ? /^WHAT/m : /DESTINATION/);
      for (const text of lines.map(textOf)) assert.doesNotMatch(text, /[\p{C}\p{M}\p{DI}\p{EMod}]/u);
      screenText(viewOf(80, 60, { mode, chosen }, { feed }));
    }
    assert.match(screenText(viewOf(80, 24, {}, { feed })), /字/);
  });
});

describe('shownRows', () => {
  const ports = (sort: (typeof SORTS)[number], filter = '') =>
    shownRows(BUSY, sort, filter).map(({ one }) => one.remotePort);

  for (const [sort, expected] of [
    ['risk', [8080, 9000, 443]],
    ['used', [8080, 9000, 443]],
    ['new/s', [8080, 9000, 443]],
    ['full', [8080, 9000, 443]],
    ['name', [9000, 443, 8080]],
    ['owner', [8080, 9000, 443]],
  ] as const) {
    it(`sorts by ${sort}`, () => assert.deepEqual(ports(sort), expected));
  }

  for (const [filter, expected] of [
    ['NGINX', [9000]],
    ['api.example', [8080]],
    ['10.9', [8080, 9000]],
    ['critical', [8080]],
    ['given up', [8080]],
    ['zzz', []],
  ] as const) {
    it(`finds ${filter}`, () => assert.deepEqual(ports('risk', filter), expected));
  }
});
