import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { NAT_PRESET_NAMES, NAT_PRESETS, type NatPreset } from '../../../agent/config/nat-presets.ts';
import { root } from '../../support/golden.ts';

describe('NAT_PRESETS', () => {
  const docs = readFileSync(`${root}docs/nat.md`, 'utf8');

  for (const name of NAT_PRESET_NAMES) {
    const preset: NatPreset = NAT_PRESETS[name];
    const facts = { ports: preset.ports, reuse: preset.reuse, held: preset.heldSeconds };

    it(`${name}: each number has its source, or says that it could not be verified`, () => {
      for (const [what, { meaning, source }] of Object.entries(facts)) {
        if (source === null) assert.match(meaning, /could not be verified/i, what);
        else assert.ok(URL.canParse(source.url) && source.title !== '', what);
      }
    });

    it(`${name}: docs/nat.md has the same numbers and sources`, () => {
      const row = docs.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
      assert.ok(row.includes(preset.ports.value.toLocaleString('en-US')), row);
      assert.ok(row.includes(`${preset.heldSeconds.value} s`), row);
      for (const { source } of Object.values(facts))
        assert.ok(source === null || docs.includes(source.url), source?.url);
    });
  }
});
