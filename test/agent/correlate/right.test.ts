// The forecast and the alerts, over stories of traffic with known outcomes: `npm run bench:right` plays all of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ABOUT_THE_END, faultOf, judge, PREDICTED, sustainable } from '../../support/judge.ts';
import { scenarios } from '../../support/scenarios.ts';
import { firstOf, PER_REQUEST, type SimulatorOptions, simulate } from '../../support/simulator.ts';

const perRequest = (rate: (seconds: number) => number, more: Partial<SimulatorOptions> = {}): SimulatorOptions => ({
  ports: 4000,
  seed: 1,
  seconds: 60,
  traffic: [{ ...PER_REQUEST, rate }],
  ...more,
});
const LIMIT = sustainable(4000);
const begun = ({ alerts }: ReturnType<typeof simulate>, names: readonly string[]) =>
  alerts.filter(({ alert }) => alert.endsAt === null && names.includes(alert.labels.alertname));

describe('ends of ports are seen coming, and nobody is woken for nothing', () => {
  const families = new Map<string, ReturnType<typeof scenarios>>();
  for (const one of scenarios()) families.set(one.family, [...(families.get(one.family) ?? []), one]);
  for (const [family, all] of families) {
    it(family, () => {
      const some = all.filter(({ options }, index) => index % 5 === 0 && options.ports <= 16_000).slice(0, 4);
      assert.ok(some.length > 0);
      for (const scenario of some) {
        const { ports, seed } = scenario.options;
        assert.equal(faultOf(judge(scenario)), null, `${family}, ${ports} ports, seed ${seed}`);
      }
    });
  }
});

describe('the forecast over time', () => {
  it('tells the end within 10 % or 2 s, at half-way', () => {
    for (const ratio of [1.5, 3, 6]) {
      const seen: { at: number; end: number | null }[] = [];
      const options = perRequest(() => ratio * LIMIT, { cores: Number.POSITIVE_INFINITY });
      const { exhaustedAt } = simulate(options, ({ at, assessment }) => {
        seen.push({ at, end: firstOf(assessment)?.forecast.exhaustedInSeconds ?? null });
      });
      assert.ok(exhaustedAt !== null);
      const half = seen.find(({ at }) => at >= exhaustedAt / 2);
      assert.ok(half !== undefined && half.end !== null);
      const real = exhaustedAt - half.at;
      assert.ok(Math.abs(half.end - real) <= Math.max(2, real * 0.1), `${ratio}: ${half.end}, not ${real}`);
    }
  });

  it('does not call an outage steady: past the cliff the demand of before is held for as long as it lasts', () => {
    const kinds: string[] = [];
    // On the default range one thread gets through some 213 connects a second there.
    const options = perRequest(() => 4000, { ports: 28_232, seconds: 120 });
    simulate(options, ({ at, assessment }) => {
      const one = firstOf(assessment);
      if (at > 5 && one !== undefined) kinds.push(one.forecast.kind);
    });
    assert.ok(kinds.length > 100);
    assert.deepEqual([...new Set(kinds)].sort(), ['draining']);
  });

  it('agrees with the model on what is left', () => {
    simulate(
      perRequest((seconds) => (seconds % 20) * 20),
      ({ assessment, pools }) => {
        const one = firstOf(assessment);
        if (one !== undefined) assert.equal(one.headroomPorts, 4000 - pools.used);
      },
    );
  });
});

describe('alerts over time', () => {
  it('end when what they tell of has ended, once', () => {
    const outcome = simulate(
      perRequest((seconds) => (seconds < 20 ? 3 * LIMIT : 0), { seconds: 240, cores: Number.POSITIVE_INFINITY }),
    );
    const about = outcome.alerts.filter(({ alert }) => ABOUT_THE_END.includes(alert.labels.alertname));
    const kinds = new Set(about.map(({ alert }) => `${alert.labels.alertname} ${alert.labels.severity}`));
    assert.equal(about.length, kinds.size * 2, JSON.stringify(about.map(({ at, alert }) => [at, alert.labels])));
  });

  it('are few over hours of storms that come and go', () => {
    const hours = 3;
    // A storm every 3 minutes, each long enough to be news.
    const outcome = simulate(
      perRequest((seconds) => (seconds % 180 < 15 ? 2 * LIMIT : 0.1 * LIMIT), { seconds: hours * 3600 }),
    );
    const predicted = begun(outcome, [PREDICTED]).length;
    assert.ok(predicted >= 2 && predicted <= hours * 8, `${predicted} alerts for ${hours * 20} storms`);
  });

  it('do not come from a clock that is set', () => {
    for (const jump of [3_600_000, -3_600_000, 600_000_000]) {
      const outcome = simulate(perRequest(() => 0.8 * LIMIT, { seconds: 120, clock: { at: 60, jump } }));
      assert.deepEqual(begun(outcome, ABOUT_THE_END), [], `set by ${jump} ms`);
    }
  });

  it('do not come from a pause: suspend, SIGSTOP', () => {
    for (const pause of [5, 58, 70, 600]) {
      const outcome = simulate(perRequest(() => 0.8 * LIMIT, { seconds: 780, pause: { at: 100, seconds: pause } }));
      assert.deepEqual(begun(outcome, ABOUT_THE_END), [], `paused for ${pause} s`);
    }
  });
});
