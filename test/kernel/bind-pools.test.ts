import { describe, it } from 'node:test';
import { obstacle } from './netns.ts';
import { holdPools } from './pool-situation.ts';
import type { Way } from './situation.ts';
import { POOLS } from './situations/pools.ts';

const skip = await obstacle();
for (const way of ['procfs', 'sock_diag'] satisfies Way[]) {
  describe(`the bind pools of lastport check by ${way} against the kernel`, { skip }, () => {
    for (const situation of POOLS) it(situation.name, (t) => holdPools(situation, t, way));
  });
}
