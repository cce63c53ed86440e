import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isRecordOf, isText, parsePlain, plainText } from '../../../agent/model/shape.ts';

describe('parsePlain', () => {
  it('reads JSON, and what would steer a terminal is replaced, however it is written', () => {
    assert.deepEqual(parsePlain(' {"a":["x",1,null]}\n'), { a: ['x', 1, null] });
    for (const text of ['"a\\u001b[8m"', '"a\\n"', `"a${String.fromCodePoint(0x202e)}"`, '"a\\ud800"', '"a\u009b"']) {
      assert.match(parsePlain(text) as string, /^a\?/);
    }
    assert.equal(parsePlain('"a\\\\nb"'), 'a\\nb', 'a backslash and a letter are two of these');
    assert.throws(() => parsePlain('{"a":'), SyntaxError);
  });

  it('leaves nothing of it in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(parsePlain(JSON.stringify(text)), plainText(text));
      }),
    );
  });
});

describe('isRecordOf', () => {
  it('wants words for keys', () => {
    assert.ok(isRecordOf(isText)({ a_1: 'x' }));
    for (const other of [{ 'a\u001b': 'x' }, { a: 1 }, ['x'], null, 'x']) assert.ok(!isRecordOf(isText)(other));
  });
});
