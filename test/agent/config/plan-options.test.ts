import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Field, OPTIONS, yamlKey } from '../../../agent/config/options.ts';
import { PLAN_OPTIONS } from '../../../agent/config/plan-options.ts';

describe('PLAN_OPTIONS', () => {
  for (const field of Object.keys(PLAN_OPTIONS) as Field[]) {
    it(`${field} is in the one table, in a group of its own, and nobody else's`, () => {
      assert.deepEqual(OPTIONS[field].commands, ['plan']);
      assert.match(yamlKey(OPTIONS[field]), /^plan\./);
    });
  }

  it('asks nothing of the host: no option of plan says where to look', () => {
    for (const field of ['procfs', 'netns', 'engine', 'ask'] as const) {
      assert.equal(OPTIONS[field].commands.includes('plan'), false, field);
    }
  });
});
