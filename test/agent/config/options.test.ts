import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import yargs from 'yargs';
import { COMMANDS, environmentName, FIELDS, OPTIONS, optionsFor, yamlKey } from '../../../agent/config/options.ts';

/** What yargs makes of a command line, as main.ts asks it. */
function argv(...words: string[]): Record<string, unknown> {
  const { _, $0, ...flags } = yargs(words)
    .options(optionsFor('run'))
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration({ 'camel-case-expansion': false })
    .fail((message, error) => {
      throw error ?? new Error(message);
    })
    .parseSync();
  return { _, ...flags };
}

describe('OPTIONS', () => {
  it('has three distinct names for each', () => {
    for (const name of [environmentName, yamlKey]) {
      assert.equal(new Set(FIELDS.map((field) => name(OPTIONS[field]))).size, FIELDS.length);
    }
    assert.equal(environmentName(OPTIONS.maxDestinations), 'LASTPORT_MAX_DESTINATIONS');
    assert.equal(yamlKey(OPTIONS.maxDestinations), 'maxDestinations');
  });

  for (const field of FIELDS) {
    const { flag, default: fallback, parse, commands } = OPTIONS[field];
    it(`--${flag} takes its own default and belongs to a command`, () => {
      if (fallback !== null) assert.doesNotThrow(() => parse(fallback, commands[0]!));
      assert.ok(commands.length > 0);
    });
  }
});

describe('optionsFor', () => {
  for (const command of COMMANDS) {
    it(`gives ${command} its own flags, and none a default that yargs would fill in`, () => {
      const options = optionsFor(command);
      const own = FIELDS.filter((field) => OPTIONS[field].commands.includes(command));
      assert.deepEqual(Object.keys(options).sort(), own.map((field) => OPTIONS[field].flag).sort());
      for (const option of Object.values(options)) assert.equal('default' in option, false);
    });
  }

  it('makes yargs keep texts as they are, and give only what was given', () => {
    assert.deepEqual(argv('--max-destinations', 'x', '--listen=:1'), { _: [], 'max-destinations': 'x', listen: ':1' });
    assert.deepEqual(argv('--max-destinations', '08'), { _: [], 'max-destinations': '08' });
    assert.deepEqual(argv(), { _: [] });
  });

  it('makes a repeated flag a list that swallows no positional', () => {
    assert.deepEqual(argv('--to', 'a:1', 'positional', '--to', 'b:2'), { _: ['positional'], to: ['a:1', 'b:2'] });
  });

  it('makes a flag without its value an error', () => {
    assert.throws(() => argv('--tick'), { message: 'Not enough arguments following: tick' });
    assert.throws(() => argv('--tick', '--listen', 'x'), { message: 'Not enough arguments following: tick' });
  });
});
