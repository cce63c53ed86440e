import { describe, it } from 'node:test';
import { obstacle } from './netns.ts';
import { holdPools } from './pool-situation.ts';
import { POOLS } from './situations/pools.ts';

const skip = await obstacle();
describe('the bind pools of lastport check against the kernel', { skip }, () => {
  for (const situation of POOLS) it(situation.name, (t) => holdPools(situation, t));
});
