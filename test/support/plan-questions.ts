// Questions for `lastport plan`, as they come from its options.
import fc from 'fast-check';
import { questionOf } from '../../agent/commands/plan.ts';
import { loadConfig } from '../../agent/config/config.ts';
import type { PlanQuestion } from '../../agent/model/plan.ts';

export type PlanFlags = Readonly<Record<string, string | boolean>>;

export async function question(flags: PlanFlags): Promise<PlanQuestion> {
  const readFile = () => {
    throw new Error('no file was named');
  };
  const { config } = await loadConfig({ command: 'plan', flags, env: {}, readFile });
  return questionOf(config);
}

const share = fc.integer({ min: 0, max: 1000 }).map((permille) => `${permille / 10}%`);
const client = fc.oneof(
  fc.constant({}),
  fc.record({ reuse: share }),
  fc.record({ 'max-idle': fc.nat(60).map(String) }),
  fc.record({ 'max-idle': fc.nat(60).map(String), 'unread-bodies': share }),
  fc.record({ 'unread-bodies': share }),
  fc.record({ 'max-idle': fc.nat(60).map(String), 'max-per-host': fc.integer({ min: 1, max: 3000 }).map(String) }),
);
const load = fc.oneof(
  fc.constant({}),
  fc.record({ concurrency: fc.integer({ min: 1, max: 3000 }).map(String) }),
  fc.record({ latency: fc.integer({ min: 1, max: 2000 }).map((ms) => `${ms}ms`) }),
);
const kernel = fc.record({
  range: fc
    .tuple(fc.integer({ min: 1024, max: 50_000 }), fc.integer({ min: 99, max: 15_000 }))
    .map(([low, more]) => `${low}-${low + more}`),
  'tw-reuse': fc.constantFrom('0', '1', '2'),
});

export const planFlags: fc.Arbitrary<PlanFlags> = fc
  .tuple(fc.record({ rate: fc.integer({ min: 1, max: 8000 }).map(String) }), client, load, kernel)
  .map(([rate, ...rest]) => Object.assign({}, rate, ...rest) as PlanFlags);
