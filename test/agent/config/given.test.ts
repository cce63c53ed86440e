import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromEnvironment, fromFlags } from '../../../agent/config/given.ts';

describe('fromFlags', () => {
  it('gives each text of a repeatable flag', () => {
    assert.deepEqual(fromFlags({ _: ['run'], $0: 'lastport', to: ['a:1', 'b:2'], tick: '2s' }, 'run'), [
      { place: '--to', field: 'to', text: 'a:1' },
      { place: '--to', field: 'to', text: 'b:2' },
      { place: '--tick', field: 'tickMs', text: '2s' },
    ]);
  });

  it("passes over yargs' camelCase twins and what was not given", () => {
    const flags = { 'max-destinations': '5', maxDestinations: '5', tick: undefined };
    assert.deepEqual(fromFlags(flags, 'run'), [{ place: '--max-destinations', field: 'maxDestinations', text: '5' }]);
  });

  it('gives a switch as true or false', () => {
    assert.deepEqual(fromFlags({ all: true }, 'check'), [{ place: '--all', field: 'all', text: 'true' }]);
    assert.deepEqual(fromFlags({ all: false }, 'check'), [{ place: '--all', field: 'all', text: 'false' }]);
  });

  for (const [flags, command, place, problem] of [
    [{ tick: ['1s', '2s'] }, 'run', '--tick', 'given twice ("1s", "2s"); give it once'],
    [{ tick: false }, 'run', '--tick', 'needs a value; use --tick DURATION'],
    [{ tick: { x: 1 } }, 'run', '--tick', 'needs a value; use --tick DURATION'],
    [{ to: ['a:1', false] }, 'run', '--to', 'needs a value; use --to HOST:PORT'],
    [{ all: 'x' }, 'check', '--all', 'takes no value'],
    [{ all: true }, 'run', '--all', 'not an option of run; it belongs to check'],
    [{ tikc: '1s' }, 'run', '--tikc', 'unknown option; did you mean --tick?'],
    [{ maxDestinations: 5 }, 'run', '--maxDestinations', 'unknown option; did you mean --max-destinations?'],
    [{ q: true }, 'run', '-q', 'unknown option; see lastport run --help'],
    [{ tick: '1s', 'a\nb': 1 }, 'run', '"--a\\nb"', 'unknown option; see lastport run --help'],
    [{ constructor: 1 }, 'run', '--constructor', 'unknown option; see lastport run --help'],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(flags)}`, () => {
      assert.deepEqual(fromFlags(flags, command).at(-1), { place, problem });
    });
  }
});

describe('fromEnvironment', () => {
  it('splits lists at commas, and takes an empty variable for none', () => {
    const env = { LASTPORT_TO: 'a:1, b:2', LASTPORT_TICK: '', LASTPORT_LISTEN: ' [::1]:1 ', HOME: '/root' };
    assert.deepEqual(fromEnvironment(env), {
      given: [
        { place: 'LASTPORT_TO', field: 'to', text: 'a:1' },
        { place: 'LASTPORT_TO', field: 'to', text: 'b:2' },
        { place: 'LASTPORT_LISTEN', field: 'listen', text: '[::1]:1' },
      ],
      warnings: [],
    });
  });

  it("warns of variables it does not know, the probe's apart", () => {
    const env = { LASTPORT_TIKC: '1s', LASTPORT_PROBE: 'off', LASTPORT_ZZZZZZZZZZZZ: '1', 'LASTPORT_\n': '1' };
    assert.deepEqual(fromEnvironment(env).warnings, [
      'LASTPORT_TIKC: unknown variable, ignored; did you mean LASTPORT_TICK?',
      'LASTPORT_ZZZZZZZZZZZZ: unknown variable, ignored',
      '"LASTPORT_\\n": unknown variable, ignored; did you mean LASTPORT_TO?',
    ]);
  });
});
