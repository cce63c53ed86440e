import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../agent/config/config-yaml.ts';

/** The first thing wrong, with its place. */
function problem(text: string): string {
  const given = parseConfig('f.yaml', text).find((one) => 'problem' in one);
  return given !== undefined && 'problem' in given ? `${given.place}: ${given.problem}` : 'none';
}

describe('parseConfig', () => {
  it('gives every scalar as it is written, with its place, in file order', () => {
    const text = '# why\nto:\n  - a:1\n  - "[::1]:2"\nmaxDestinations: 0x10\nall: yes # no\ntick:\n';
    assert.deepEqual(parseConfig('f.yaml', text), [
      { place: 'f.yaml:3:5: to', field: 'to', text: 'a:1' },
      { place: 'f.yaml:4:5: to', field: 'to', text: '[::1]:2' },
      { place: 'f.yaml:5:18: maxDestinations', field: 'maxDestinations', text: '0x10' },
      { place: 'f.yaml:6:6: all', field: 'all', text: 'yes' },
      { place: 'f.yaml:7:6: tick', field: 'tickMs', text: '' },
    ]);
  });

  for (const [name, text, expected] of [
    ['one text where many may be', 'to: a:1', [{ place: 'f.yaml:1:5: to', field: 'to', text: 'a:1' }]],
    [
      'an option in its group',
      'owners:\n  commandLine: true',
      [{ place: 'f.yaml:2:16: owners.commandLine', field: 'ownersCommandLine', text: 'true' }],
    ],
    ['an empty group', 'owners: {}', []],
    ['an empty list', 'to: []', []],
    ['an empty file', '', []],
    ['comments only', '# nothing\n\n', []],
    ['CRLF and a byte order mark', '\ufefftick: 1s\r\n', [{ place: 'f.yaml:1:8: tick', field: 'tickMs', text: '1s' }]],
    ['a document with its marks', '---\ntick: 1s\n...\n', [{ place: 'f.yaml:2:7: tick', field: 'tickMs', text: '1s' }]],
  ] as const) {
    it(`takes ${name}`, () => assert.deepEqual(parseConfig('f.yaml', text), expected));
  }

  for (const [name, text, expected] of [
    ['an unknown key', 'tick: 1s\ntik: 2s\n', 'f.yaml:2:1: tik: unknown key; did you mean tick?'],
    ['kebab-case', 'max-destinations: 1', 'f.yaml:1:1: max-destinations: unknown key; did you mean maxDestinations?'],
    ['a key of every object', 'constructor: 1', /^f\.yaml:1:1: constructor: unknown key; use format, /],
    ['__proto__', '__proto__: 1', /^f\.yaml:1:1: __proto__: unknown key; use format, /],
    ['an unprintable key', '"a\\n\\e[": 1', /^f\.yaml:1:1: "a\\n\\u001b\[": unknown key; use format, /],
    ['an unknown key in a group', 'owners: {x: 1}', /^f\.yaml:1:10: owners\.x: unknown key; /],
    ['one value for a group', 'owners: true', 'f.yaml:1:9: owners: a group of options; use owners: {commandLine: …}'],
    ['a key given twice in a group', 'owners: {a: 1, a: 2}', 'f.yaml:1:16: a: given twice; give it once'],
    ['another file', 'config: x', 'f.yaml:1:1: config: a file names no other file; use --config or LASTPORT_CONFIG'],
    ['a key given twice', 'tick: 1s\ntick: 1s', 'f.yaml:2:1: tick: given twice; give it once'],
    ['a list for one value', 'tick: [1s]', 'f.yaml:1:7: tick: one value is meant here; write it behind the key'],
    ['a mapping for one value', 'tick:\n  a: 1', 'f.yaml:2:3: tick: one value is meant here; write it behind the key'],
    ['a key without value', '? tick', 'f.yaml:1:3: tick: one value is meant here; write it behind the key'],
    ['a mapping in a list', 'to: [{a: 1}]', 'f.yaml:1:5: to: values are meant here; write one, or a list of them'],
    ['a list at the top', '- tick', 'f.yaml:1:1: not a mapping; write lines like "tick: 1s"'],
    ['a text at the top', 'tick', 'f.yaml:1:1: not a mapping; write lines like "tick: 1s"'],
    ['a list for a key', '? [a]\n: 1', 'f.yaml:1:3: a key that is not plain text; write lines like "tick: 1s"'],
    ['a tab', 'to:\n\t- a:1', 'f.yaml:2:1: Tabs are not allowed as indentation; write lines like "tick: 1s"'],
    ['an alias', 'tick: &a 1s\nto: *a', 'f.yaml:2:5: *a is an alias; write the value itself'],
    ['an alias of nothing', 'tick: *a', 'f.yaml:1:7: *a is an alias; write the value itself'],
    ['a tag', 'tick: !!int 5', /^f\.yaml:1:7: Unresolved tag/],
    ['a directive', '%FOO\n---\ntick: 1s', /^f\.yaml:1:1: Unknown directive/],
    ['a second document', 'tick: 1s\n---\ntick: 2s', 'f.yaml:2:1: a second document; keep one'],
    [
      'an unquoted address',
      'listen: [::1]:9477',
      /^f\.yaml:1:14: an address in brackets needs quotes; write "\[::1\]:9477"$/,
    ],
    ['an open quote', 'tick: "1s', /^f\.yaml:1:10: Missing closing "quote/],
    ['two colons', 'tick: a: b', /^f\.yaml:1:7: Nested mappings are not allowed/],
  ] as const) {
    it(`refuses ${name}`, () => {
      if (typeof expected === 'string') assert.equal(problem(text), expected);
      else assert.match(problem(text), expected);
    });
  }

  // yaml composes recursively; near the end of its stack V8 aborted the process, beyond any catch.
  for (const deep of ['[', '{a: ', '- ', '? ', 'a:\n']) {
    it(`refuses ${JSON.stringify(deep)} a hundred thousand times`, () => {
      const indented = Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}${deep}`).join('');
      assert.match(problem(deep === 'a:\n' ? indented : deep.repeat(100_000)), /nested too deeply/);
    });
  }

  it('does not repeat a whole file that is no YAML', () => assert.ok(problem(`%${'x'.repeat(10_000)}\n`).length < 400));

  it('refuses ten thousand wrong keys without quadratic time', () => {
    const text = Array.from({ length: 10_000 }, (_, index) => `k${index}: 1`).join('\n');
    assert.match(problem(text), /^f\.yaml:1:1: k0: unknown key/);
  });
});
