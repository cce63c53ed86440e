import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import { publishTo } from '../../agent/publish.ts';

it('publishTo gives it to everyone, also after one that failed', () => {
  const got: string[] = [];
  const errors: string[] = [];
  const broken = {
    name: 'broken',
    publish: () => {
      throw new Error('full');
    },
  };
  const working = { name: 'working', publish: ({ takenAt }: Assessment) => void got.push(takenAt) };
  const publish = publishTo([broken, working], (what, error) => errors.push(`${what}: ${(error as Error).message}`));
  publish({ takenAt: 'now' } as Assessment);
  assert.deepEqual(got, ['now']);
  assert.deepEqual(errors, ['publishing to broken failed: full']);
});
