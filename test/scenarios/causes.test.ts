// The same situations with Lastport beside them: the right cause first where the program has a probe; from the kernel alone
// the right one or an honest one; and none for a program that does nothing wrong.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DestinationReport } from '../../agent/model/assessment.ts';
import type { Cause } from '../../agent/model/cause.ts';
import { until } from '../e2e/until.ts';
import { obstacle } from '../kernel/netns.ts';
import { needs } from '../support/needs.ts';
import { Lastport } from './lastport.ts';
import { type TestNode, testNodes } from './nodes.ts';
import { OTHER_SITUATIONS } from './other-situations.ts';
import { serverOf } from './programs.ts';
import { PROXY_SITUATIONS } from './proxy-situations.ts';
import { play } from './scenario.ts';
import type { Situation, UndiciOf } from './situation.ts';
import { Stage } from './stage.ts';
import { describeStories } from './story.ts';
import { undiciSituations } from './undici-situations.ts';
import { undicisOf } from './undicis.ts';

const FIRST_PORT = 8080;
/** Programs without a probe: for as long as it takes to see it, at a rate at which it matters on so small a range. */
const KERNEL_ALONE: Readonly<Record<string, { readonly count: number; readonly rate: number }>> = {
  'Go default': { count: 8000, rate: 1000 },
  'Go unread': { count: 1500, rate: 300 },
  'Go good': { count: 3000, rate: 1000 },
  'Python urllib': { count: 1200, rate: 300 },
  'Python session': { count: 1200, rate: 300 },
  'nginx without keepalive': { count: 1500, rate: 300 },
  'nginx with keepalive': { count: 3000, rate: 1000 },
  'nginx keepalive too small': { count: 3000, rate: 1000 },
  sidecar: { count: 1200, rate: 300 },
  'Python bound': { count: 1500, rate: 300 },
  // It must grow for half a minute.
  leak: { count: 1000, rate: 20 },
};
const RANGE = '20000 23999';
/** Honest from the kernel alone, where it cannot tell more. */
const HONEST: readonly Cause[] = ['connection_per_request', 'unknown'];
/** What comes after the cause in the program. */
const HOSTS: readonly Cause[] = ['tw_reuse_would_help', 'range_too_small', 'listener_in_range', 'reserved_too_much'];

/** As in agent/correlate/cause/evidence.ts. */
const isAtStake = ({ verdict, usedPorts, usablePorts }: DestinationReport) =>
  verdict !== 'healthy' || usedPorts >= usablePorts * 0.05;

const firstCause = ({ causes }: DestinationReport): Cause | 'none' =>
  causes.find(({ cause }) => !HOSTS.includes(cause))?.cause ?? 'none';

function describeAll(name: string, situations: readonly Situation[], node: TestNode, undici: UndiciOf): void {
  describe(name, { concurrency: 1 }, () => {
    let house: Stage;
    let lastport: Lastport;
    const ports = situations.map((_, index) => String(FIRST_PORT + index));
    before(async () => {
      house = await Stage.open({ sysctls: { ip_local_port_range: RANGE } });
      await house.start('server', serverOf(ports), { where: 'server', awaits: 'ready' });
      lastport = await Lastport.start(house);
    });
    after(() => house.close());
    for (const [index, situation] of situations.entries()) {
      const missing = (situation.needs ?? []).map(needs).find((one) => one !== false) ?? false;
      it(`${situation.expectedCause}: ${situation.name}`, { skip: missing }, async () => {
        const stage = house.inner();
        const destination = situation.destination ?? `10.9.0.2:${ports[index]}`;
        const watch = lastport.watch(destination);
        const alone = KERNEL_ALONE[situation.name];
        const allowed = [situation.expectedCause, ...(situation.orCause ?? [])];
        const evidence = () => {
          const last = watch.seen.at(-1);
          return `${[...new Set(watch.seen.map(firstCause))].join(', ')}\n${JSON.stringify(last, null, 1)}`;
        };
        try {
          await play(stage, situation, {
            node,
            undici,
            destination,
            isServed: true,
            env: lastport.probeEnv,
            ...(alone ?? {}),
            patienceMs: 60_000,
          });
          if (situation.expectedCause === 'none') {
            // It has been looked at since.
            const enough = watch.seen.length + 8;
            await until('some looks more', async () =>
              watch.seen.length >= enough || watch.seen.length === 0 ? watch.seen : null,
            );
          } else {
            const isRight = (cause: Cause | 'none') =>
              allowed.includes(cause) || (alone !== undefined && HONEST.includes(cause as Cause));
            const said = async () => watch.seen.map(firstCause).find(isRight) ?? null;
            // Resets, and servers that close, may leave so few ports used that there is nothing to explain.
            const harmless = async () => (alone !== undefined && !watch.seen.some(isAtStake) ? 'harmless' : null);
            await until('the cause', async () => (await said()) ?? harmless(), evidence);
          }
        } finally {
          await watch.stop();
          await stage.close();
        }
        // Until the program has reported for the first time, the kernel is alone.
        const hasProbe = watch.seen.some(({ probe }) => probe !== null);
        const counting = watch.seen.filter(({ probe }) => !hasProbe || probe !== null);
        const said = new Set(counting.map(firstCause));
        const wrong = [...said].filter(
          (cause) =>
            cause !== 'none' &&
            !allowed.includes(cause) &&
            !(alone !== undefined && situation.expectedCause !== 'none' && HONEST.includes(cause)),
        );
        assert.deepEqual(wrong, [], evidence());
      });
    }
  });
}

/**
 * Where undicis do not differ one is enough for every day: LASTPORT_TEST_SCENARIOS=all plays all situations with each. That
 * was done for Node 20, 22 and 24 (docs/benchmarks.md).
 */
const isAll = process.env['LASTPORT_TEST_SCENARIOS'] === 'all';
const DIFFER = [
  'read',
  'large-unread',
  'large-unread-collected',
  'cancel',
  'agent-open',
  'hint-1',
  'request-limit',
  'server-fin',
  'abort-early',
  'idle-timeout',
];

describe('what Lastport says', { skip: await obstacle(), concurrency: 6 }, () => {
  describeStories();
  for (const node of testNodes()) {
    for (const [index, undici] of undicisOf(node).entries()) {
      const situations = undiciSituations(undici).filter(
        ({ isVariety, name }) => (index === 0 || !isVariety) && (isAll || index === 0 || DIFFER.includes(name)),
      );
      describeAll(`${undici.name}, Node ${node.version}`, situations, node, undici);
    }
    const others = [...OTHER_SITUATIONS, ...PROXY_SITUATIONS];
    // The one takes its time, and the ports of the other are taken from all who come after it.
    const isSlow = ({ name }: Situation) => name === 'leak' || name === 'Python bound';
    const undici = undicisOf(node)[0]!;
    describeAll(`slow, Node ${node.version}`, others.filter(isSlow), node, undici);
    describeAll(
      `others, Node ${node.version}`,
      others.filter((one) => !isSlow(one)),
      node,
      undici,
    );
  }
});
