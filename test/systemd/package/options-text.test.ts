import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../agent/config/config.ts';
import { FIELDS, OPTIONS, yamlKey } from '../../../agent/config/options.ts';
import { commentedYaml, environmentFile, optionsOf } from '../../../systemd/package/options-text.ts';

const load = (yaml: string, env: Record<string, string> = {}) =>
  loadConfig({
    command: 'run',
    flags: {},
    env: { ...env, LASTPORT_CONFIG: '/etc/lastport/lastport.yaml' },
    readFile: () => new TextEncoder().encode(yaml),
  });
const defaults = load('').then(({ config }) => config);

describe('commentedYaml', () => {
  it('changes nothing as it is', async () => {
    assert.deepEqual((await load(commentedYaml())).config, await defaults);
  });

  it('is the defaults where it is not commented out, key by key', async () => {
    const shown = commentedYaml().replace(/^#(?=\s*[\w]+:( |$))/gm, '');
    const withDefault = optionsOf('run').filter((option) => option.default !== null);
    assert.ok(withDefault.length > 15);
    for (const option of withDefault) {
      const [key = '', group] = yamlKey(option).split('.').reverse();
      const line = new RegExp(`^ *${key}: (.*)$`, 'm').exec(shown)?.[1];
      const yaml = group === undefined ? `${key}: ${line}` : `${group}:\n  ${key}: ${line}`;
      assert.deepEqual((await load(yaml)).config, await defaults, yaml);
    }
  });

  it('is a file that can be read when all of a group is uncommented', async () => {
    const text = commentedYaml();
    const owners = text.slice(text.indexOf('#owners:')).replace(/^#/gm, '');
    assert.equal((await load(owners)).config.ownersCommandLine, false);
  });

  it('names every option of the daemon once, with its help', () => {
    const text = commentedYaml();
    for (const field of FIELDS) {
      const { commands, flag } = OPTIONS[field];
      const key = yamlKey(OPTIONS[field]).split('.').at(-1);
      const times = [...text.matchAll(new RegExp(`^#\\s*${key}: `, 'gm'))].length;
      if (flag === 'config' || !commands.includes('run')) continue;
      assert.equal(times, 1, key);
    }
    for (const line of text.split('\n')) assert.ok(line.length <= 104, line);
  });
});

describe('environmentFile', () => {
  it('has variables that there are, and says where the settings are', async () => {
    const lines = environmentFile().match(/^#?LASTPORT_\w+=.*$/gm) ?? [];
    assert.equal(lines[0], 'LASTPORT_CONFIG=/etc/lastport/lastport.yaml');
    const env = Object.fromEntries(lines.map((line) => line.replace('#', '').split(/=(.*)/s).slice(0, 2)));
    const { config, warnings } = await load('', env as Record<string, string>);
    assert.deepEqual([config, warnings], [await defaults, []]);
    assert.ok(lines.length > 10);
  });
});
