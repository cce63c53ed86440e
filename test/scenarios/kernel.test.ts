import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { obstacle } from '../kernel/netns.ts';
import { needs } from '../support/needs.ts';
import { meets } from './kernel-counts.ts';
import { type TestNode, testNodes } from './nodes.ts';
import { OTHER_SITUATIONS } from './other-situations.ts';
import { serverOf } from './programs.ts';
import { PROXY_SITUATIONS } from './proxy-situations.ts';
import { play } from './scenario.ts';
import type { Situation, UndiciOf } from './situation.ts';
import { Stage } from './stage.ts';
import { undiciSituations } from './undici-situations.ts';
import { undicisOf } from './undicis.ts';

const FIRST_PORT = 8080;

/** One after the other in one pair of namespaces, as they take long to make; each with a port of the server's to itself. */
function describeAll(name: string, situations: readonly Situation[], node: TestNode, undici: UndiciOf): void {
  describe(name, { concurrency: 1 }, () => {
    let house: Stage;
    const ports = situations.map((_, index) => String(FIRST_PORT + index));
    before(async () => {
      house = await Stage.open();
      await house.start('server', serverOf(ports), { where: 'server', awaits: 'ready' });
    });
    after(() => house.close());
    for (const [index, situation] of situations.entries()) {
      const missing = (situation.needs ?? []).map(needs).find((one) => one !== false) ?? false;
      it(situation.name, { skip: missing }, async () => {
        const stage = house.inner();
        try {
          const destination = `10.9.0.2:${ports[index]}`;
          const isServed = true;
          const { counts } = await play(stage, situation, { node, undici, destination, isServed });
          assert.ok(meets(counts, situation.kernel(situation.count, undici)));
        } finally {
          await stage.close();
        }
      });
    }
  });
}

describe('what the kernel gets', { skip: await obstacle(), concurrency: 4 }, () => {
  for (const node of testNodes()) {
    for (const [index, undici] of undicisOf(node).entries()) {
      const situations = undiciSituations(undici).filter(({ isVariety }) => index === 0 || !isVariety);
      describeAll(`${undici.name}, Node ${node.version}`, situations, node, undici);
    }
    const others = [...OTHER_SITUATIONS, ...PROXY_SITUATIONS];
    describeAll(`others, Node ${node.version}`, others, node, undicisOf(node)[0]!);
  }
});
