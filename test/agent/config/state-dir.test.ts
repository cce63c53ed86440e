import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheDirOf, stateDirOf } from '../../../agent/config/state-dir.ts';

describe('stateDirOf', () => {
  for (const [what, chosen, env, isRoot, expected] of [
    ['a folder as given, whatever else there is', { path: 'here' }, { STATE_DIRECTORY: '/x' }, true, 'here'],
    ['nothing if it is off', 'off', { STATE_DIRECTORY: '/x', HOME: '/home/a' }, true, null],
    [
      "systemd's",
      'auto',
      { STATE_DIRECTORY: '/var/lib/private/lastport', HOME: '/' },
      true,
      '/var/lib/private/lastport',
    ],
    ["the first of systemd's", 'auto', { STATE_DIRECTORY: '/a:/b' }, false, '/a'],
    ["root's", 'auto', { HOME: '/root', XDG_STATE_HOME: '/root/state' }, true, '/var/lib/lastport'],
    ["the user's", 'auto', { HOME: '/home/a', XDG_STATE_HOME: '/home/a/state' }, false, '/home/a/state/lastport'],
    ["the user's usual one", 'auto', { HOME: '/home/a' }, false, '/home/a/.local/state/lastport'],
    [
      'no path that is not absolute',
      'auto',
      { STATE_DIRECTORY: 'x', XDG_STATE_HOME: 'y', HOME: '/h' },
      false,
      '/h/.local/state/lastport',
    ],
    ['none where there is no home', 'auto', { HOME: '' }, false, null],
    ['none where nothing is set', 'auto', {}, false, null],
  ] as const) {
    it(`is ${what}`, () => assert.equal(stateDirOf(chosen, env, isRoot), expected));
  }
});

describe('cacheDirOf', () => {
  for (const [what, env, isRoot, expected] of [
    ["root's", { HOME: '/root' }, true, '/var/cache/lastport'],
    ["the user's", { HOME: '/home/a', XDG_CACHE_HOME: '/home/a/c' }, false, '/home/a/c/lastport'],
    ["the user's usual one", { HOME: '/home/a', XDG_CACHE_HOME: 'c' }, false, '/home/a/.cache/lastport'],
    ['none where there is no home', {}, false, null],
  ] as const) {
    it(`is ${what}`, () => assert.equal(cacheDirOf(env, isRoot), expected));
  }
});
