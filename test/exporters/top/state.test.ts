import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keysOf } from '../../../exporters/top/key.ts';
import { INITIAL, pressed, type ViewState } from '../../../exporters/top/state.ts';

const SHOWN = { rows: ['a', 'b', 'c', 'd', 'e'], page: 2, lines: 10 };
const key = (name: string) => ({ name, character: [...name].length === 1 ? name : null });

function after(keys: readonly string[], from: Partial<ViewState> = {}): ViewState | 'quit' {
  let state: ViewState | 'quit' = { ...INITIAL, ...from };
  for (const name of keys) if (state !== 'quit') state = pressed(state, key(name), SHOWN);
  return state;
}

describe('pressed', () => {
  for (const [keys, changes] of [
    [['down'], { chosen: 'b' }],
    [['j', 'j', 'k'], { chosen: 'b' }],
    [['up'], { chosen: 'a' }],
    [['pagedown', 'space'], { chosen: 'e' }],
    [['G'], { chosen: 'e' }],
    [['end', 'g'], { chosen: 'a' }],
    [['j', 'return'], { chosen: 'b', mode: 'detail' }],
    [['return', 'escape'], { chosen: 'a' }],
    [['return', 'q'], { chosen: 'a' }],
    [['return', 'j', 'pagedown'], { chosen: 'a', mode: 'detail', scrolled: 3 }],
    [['return', 'end', 'down'], { chosen: 'a', mode: 'detail', scrolled: 8 }],
    [['s'], { sort: 'used' }],
    [['<'], { sort: 'owner' }],
    [['>', '<'], {}],
    [['/', 'q', 'p', '/', 'return'], { filter: 'qp/' }],
    [['/', 'a', 'b', 'backspace'], { filter: 'a', isTyping: true }],
    [['/', 'a', 'escape'], {}],
    [['/', 'a', 'return', 'escape'], {}],
    [['p'], { isPaused: true }],
    [['p', 'p'], {}],
    [['?'], { mode: 'help' }],
    [['?', 'q'], {}],
  ] as const) {
    it(`makes of ${keys.join(' ')}: ${JSON.stringify(changes)}`, () => {
      assert.deepEqual(after(keys), { ...INITIAL, ...changes });
    });
  }

  it('ends with q', () => assert.equal(after(['q']), 'quit'));
  it('begins at the first where the chosen one has gone', () => {
    assert.deepEqual(after(['down'], { chosen: 'gone' }), { ...INITIAL, chosen: 'b' });
  });
  it('takes no more than anybody types', () => {
    const state = after(['/', ...Array<string>(500).fill('x')]);
    assert.ok(state !== 'quit' && state.filter.length === 100);
  });
});

const named = (name: string) => ({ name, character: null });
const typed = (character: string) => ({ name: character, character });

describe('keysOf', () => {
  for (const [press, expected] of [
    [{ name: 'up', sequence: '\u001b[A' }, [named('up')]],
    [{ name: 'g', sequence: 'G' }, [typed('G')]],
    [{ name: undefined, sequence: '/' }, [typed('/')]],
    [{ name: 'c', sequence: '\u0003', ctrl: true }, [named('ctrl-c')]],
    [{ name: 'space', sequence: ' ' }, [{ name: 'space', character: ' ' }]],
    [{ name: undefined, sequence: '字' }, [typed('字')]],
    [{ name: undefined, sequence: '\u001b[99~' }, []],
    [{ name: 'escape', sequence: '\u001b', meta: true }, [named('escape')]],
    [{ name: 's', sequence: '\u001bs', meta: true }, [named('escape'), typed('s')]],
  ] as const) {
    it(`makes of ${JSON.stringify(press)}: ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(keysOf(press), expected));
  }
});
