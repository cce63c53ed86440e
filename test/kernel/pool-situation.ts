import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Assessment, BindPoolReport } from '../../agent/model/assessment.ts';
import { KERNEL } from './kernel.ts';
import { type BindTruth, Netns, type NetnsSettings } from './netns.ts';
import { isOddSized, lacks, look, RANGE, WAYS, type Way } from './situation.ts';

/** How many bind(port 0) calls the kernel grants at an address, found by hand. */
interface Binds {
  readonly at: string;
  /** Absent: it depends; the kernel says. */
  readonly headroom?: number;
  /** Those before the first port of the first parity. */
  readonly second?: number;
  readonly reuseAddress?: boolean;
  readonly reusePort?: boolean;
}

/** The same of a pool, and what Lastport says of it. */
interface Pool extends Binds {
  /** anyHeadroomPorts, if it is another number. */
  readonly any?: number;
  readonly bindsTo?: BindPoolReport['bindsTo'];
  /** /proc does not list any of it. */
  readonly isHidden?: boolean;
  /** Nothing but asking tells that somebody binds there. */
  readonly isAskedFor?: boolean;
  /** The kernel grants more, without end. */
  readonly isFloor?: boolean;
}

export interface PoolSituation extends NetnsSettings {
  readonly name: string;
  readonly range?: readonly [number, number];
  /** Something is bound that /proc does not list: there headroomPorts is the most it can be. */
  readonly unlisted?: boolean;
  readonly build: (net: Netns) => Promise<void>;
  /** All there are, by the text of their address. */
  readonly pools: readonly Pool[];
  /** Of addresses without a pool: what the kernel does. */
  readonly binds?: readonly Binds[];
}

/** Past any pool of these. */
const NO_END = 300;

/** Builds a situation, asks Lastport by either way, then binds until the kernel refuses, and compares. */
export async function holdPools(situation: PoolSituation, t: TestContext): Promise<void> {
  const lacking = lacks(situation);
  if (lacking !== null) return t.skip(lacking);
  const range = situation.range ?? RANGE;
  const net = await Netns.open({
    ...situation,
    sysctls: { ip_local_port_range: range.join(' '), ...situation.sysctls },
  });
  try {
    await net.listen('[::]:8080');
    await situation.build(net);
    const seen = {
      procfs: await seenBy('procfs', net, situation),
      sock_diag: await seenBy('sock_diag', net, situation),
    };
    for (const binds of situation.binds ?? []) byHand(binds, await net.countBinds(binds.at, binds), range);
    for (const pool of situation.pools) {
      const truth = await net.countBinds(pool.at, { ...pool, limit: NO_END });
      for (const way of WAYS) {
        if (!isShown(pool, way)) continue;
        const { assessment, pools } = seen[way];
        const report = pools.find(({ local }) => local === pool.at) as BindPoolReport;
        try {
          compare(pool, truth, report, situation, way);
        } catch (error) {
          const facts = `${JSON.stringify(pool)}\n${JSON.stringify(truth)}\n${JSON.stringify(report)}\n${gapsOf(assessment)}`;
          throw new Error(`by ${way}: ${(error as Error).message}\n${facts}`, { cause: error });
        }
      }
    }
  } finally {
    await net.close();
  }
}

const isShown = ({ isHidden = false, isAskedFor = false }: Pool, way: Way): boolean =>
  ((way === 'sock_diag' && KERNEL.listsBound) || !isHidden) && (KERNEL.canBeAsked || !isAskedFor);

/** What a look by this way shows: all the pools there are, or all that can be seen by it. */
async function seenBy(way: Way, net: Netns, { pools }: PoolSituation) {
  const assessment = await look(net, [], ['--engine', way]);
  const [namespace] = assessment.namespaces;
  assert.equal(namespace?.engine, way);
  assert.deepEqual(
    namespace.bindPools.map(({ local }) => local),
    pools
      .filter((pool) => isShown(pool, way))
      .map(({ at }) => at)
      .sort(),
    JSON.stringify(assessment),
  );
  return { assessment, pools: namespace.bindPools };
}

function compare(
  pool: Pool,
  truth: BindTruth,
  report: BindPoolReport,
  { range = RANGE, unlisted = false }: PoolSituation,
  way: Way,
): void {
  const { headroomPorts, anyHeadroomPorts, headroomPortsLow, usedPorts, usablePorts } = report;
  assert.equal(usedPorts + headroomPorts, usablePorts, 'used + headroom = usable');
  assert.ok(headroomPortsLow <= anyHeadroomPorts && anyHeadroomPorts <= headroomPorts);
  assert.ok(headroomPortsLow <= truth.headroom, `headroomPortsLow ${headroomPortsLow} > ${truth.headroom}, the truth`);
  if (pool.isFloor) {
    assert.equal(headroomPorts, pool.headroom);
    assert.equal(truth.headroom, NO_END);
    return;
  }
  byHand(pool, truth, range);
  const isExact = (way === 'sock_diag' && KERNEL.listsBound) || !unlisted;
  const slack = isOddSized(range) ? 1 : 0;
  if (isExact) {
    assert.ok(headroomPorts >= truth.headroom && headroomPorts <= truth.headroom + slack, 'headroomPorts');
    assert.equal(anyHeadroomPorts, pool.any ?? anyHeadroomPorts, 'anyHeadroomPorts');
  } else {
    assert.ok(headroomPorts >= truth.headroom, `headroomPorts ${headroomPorts} < ${truth.headroom}, the truth`);
  }
  if (pool.bindsTo !== undefined) assert.equal(report.bindsTo, pool.bindsTo);
}

function byHand(binds: Binds, truth: BindTruth, range: readonly [number, number]): void {
  assert.equal(truth.refused, 'EADDRINUSE');
  const slack = isOddSized(range) ? 1 : 0;
  const { headroom = truth.headroom, second = truth.second } = binds;
  const granted = `the kernel granted ${truth.headroom} at ${binds.at}, ${truth.second} of the second parity first`;
  assert.ok(truth.headroom <= headroom && truth.headroom >= headroom - slack, `${granted}; by hand ${headroom}`);
  assert.equal(truth.second, second, `${granted}; by hand ${second}`);
}

const gapsOf = ({ gaps }: Assessment): string => gaps.map(({ what, why }) => `${what}: ${why}`).join('\n');
