import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNat } from '../../../../agent/config/nat-values.ts';
import { NatLedger, type NatLook } from '../../../../agent/correlate/pools/nat-ledger.ts';
import { natPools } from '../../../../agent/correlate/pools/nat-pools.ts';
import type { NatQuota } from '../../../../agent/model/nat-quota.ts';
import type { PoolReport } from '../../../../agent/model/pool.ts';
import { NatModel } from '../../../support/nat-model.ts';
import { PER_REQUEST, type Seen, type SimulatorOptions, simulate, type Traffic } from '../../../support/simulator.ts';

const NETWORKS = 'networks=10.9.0.0/24';
const quota = (text: string): NatQuota => parseNat(`${NETWORKS};${text}`);

interface Sample {
  readonly at: number;
  readonly pool: PoolReport;
  readonly truth: number;
  readonly alerts: readonly string[];
}

/** What is said of one quota at each look, and what a plain model of the NAT counts then. */
function watch(one: NatQuota, traffic: readonly Traffic[], options: Partial<SimulatorOptions> & { seconds: number }) {
  const model = new NatModel(one);
  const samples: Sample[] = [];
  const run: SimulatorOptions = { ports: 28_232, seed: 7, nat: [one], onlooker: model, traffic, ...options };
  simulate(run, ({ at, assessment, changed }: Seen) => {
    const pool = assessment.pools.find(({ kind }) => kind === 'nat');
    assert.ok(pool);
    const alerts = changed.map(({ labels, endsAt }) => `${labels.alertname}${endsAt === null ? '' : ' resolved'}`);
    samples.push({ at, pool, truth: model.used(at * 1000), alerts });
  });
  return { model, samples };
}

/** After `from` seconds the reading must be within 3 % of the truth, or a look's worth of connections. */
function assertTrue(samples: readonly Sample[], from: number, perLook = 10): void {
  const known = samples.filter(({ at }) => at >= from);
  assert.ok(known.length > 20);
  for (const { at, pool, truth } of known) {
    assert.ok(pool.used !== null, `${at} s: used is not known, ${JSON.stringify(pool)}`);
    assert.ok(Math.abs(pool.used - truth) <= Math.max(perLook, truth * 0.03), `${at} s: ${pool.used}, truly ${truth}`);
  }
}

const perRequest = (perSecond: number, more: Partial<Traffic> = {}): Traffic => ({
  ...PER_REQUEST,
  rate: () => perSecond,
  ...more,
});

describe('natPools', () => {
  it('counts what a NAT holds, longer than this host does: within 3 % of a plain model', () => {
    const { samples } = watch(quota('ports=64000;held=150s'), [perRequest(100)], { seconds: 330 });
    assertTrue(samples, 155);
    // The minute of TIME_WAIT that this host sees is less than half of it.
    assert.ok(samples.at(-1)!.truth > 100 * 140);
    assert.deepEqual(samples.at(-1)!.pool.destination, { remote: '10.9.0.2', remotePort: 8080 });
  });

  it('counts those that the peer closes, which leave nothing here', () => {
    const life = (random: () => number) => 3 + 4 * random();
    const { samples } = watch(quota('ports=64000;held=120s'), [perRequest(30, { closedHere: 0, life })], {
      seconds: 260,
    });
    assertTrue(samples, 125);
    assert.ok(samples.at(-1)!.truth > 30 * 115);
  });

  it('is a low bound until it has watched for as long as the NAT holds', () => {
    const { samples } = watch(quota('ports=64000;held=120s'), [perRequest(50)], { seconds: 130 });
    for (const { at, pool, truth } of samples.filter(({ at }) => at > 2 && at < 118)) {
      assert.equal(pool.used, null, `${at} s`);
      assert.equal(pool.headroom, null);
      assert.equal(pool.usedHigh, null);
      assert.ok(pool.usedLow <= truth * 1.001 + 1, `${at} s: at least ${pool.usedLow}, truly ${truth}`);
    }
  });

  it('bounds what comes and goes between two looks and leaves nothing', () => {
    const { samples } = watch(quota('ports=64000;held=20s'), [perRequest(200, { closedHere: 0 })], { seconds: 60 });
    for (const { at, pool, truth } of samples.filter((one) => one.at > 22)) {
      assert.equal(pool.used, null, `${at} s`);
      assert.ok(
        pool.usedLow <= truth && truth <= (pool.usedHigh ?? 0) * 1.03 + 10,
        `${at} s: ${truth} ${JSON.stringify(pool)}`,
      );
    }
  });

  it('takes the fullest destination where one port serves many, and all together where it does not', () => {
    const traffic = [perRequest(40), perRequest(20, { remotePort: 8081 }), perRequest(20, { remotePort: 8082 })];
    const perDestination = watch(quota('ports=20000;held=90s'), traffic, { seconds: 190 });
    assertTrue(perDestination.samples, 95);
    assert.ok(perDestination.samples.at(-1)!.pool.used! < 40 * 92);
    const perMachine = watch(quota('ports=20000;held=90s;per=machine'), traffic, { seconds: 190 });
    assertTrue(perMachine.samples, 95);
    assert.ok(perMachine.samples.at(-1)!.pool.used! > 80 * 88);
    assert.equal(perMachine.samples.at(-1)!.pool.destination, null);
  });

  it('forgets a destination only when the NAT has', () => {
    const rate = (seconds: number) => (seconds < 30 ? 50 : 0);
    const { samples } = watch(quota('ports=20000;held=100s'), [perRequest(0, { rate })], { seconds: 140 });
    assertTrue(samples, 102, 60);
    assert.ok(samples.find(({ at }) => at >= 105)!.truth > 1000, 'it still holds a thousand');
    assert.equal(samples.at(-1)!.pool.used, 0);
    assert.equal(samples.at(-1)!.pool.destination, null);
  });

  it('counts no more than there are four-tuples: one that is used again is the same to the NAT', () => {
    const { samples } = watch(quota('ports=64000;held=240s'), [perRequest(20)], { seconds: 250, ports: 2000 });
    assert.equal(samples.at(-1)!.pool.used, 2000);
  });

  it('leaves out what does not go through it', () => {
    const { samples } = watch(parseNat('ports=100;held=10s'), [perRequest(100)], { seconds: 30 });
    assert.equal(samples.at(-1)!.pool.used, 0);
    const except = watch(quota('except=10.9.0.2;ports=100;held=10s'), [perRequest(100)], { seconds: 30 });
    assert.equal(except.samples.at(-1)!.pool.used, 0);
  });
});

/** By preset: at which rate one machine uses it up, with connections that this host closes at once. */
const SUSTAINABLE = {
  'aws-nat-gateway': 55_000 / 60,
  'azure-load-balancer': 1024 / 240,
  'azure-nat-gateway': 50_000 / 65,
  'google-cloud-nat': 64 / 120,
} as const;

describe('natPools of ledgers', () => {
  const one = quota('ports=1000;held=60s');
  const flow = {
    signature: 1,
    remote: '10.9.0.2',
    remoteAddress: [0x0a090002] as const,
    remotePort: 443,
    usablePorts: 28_232,
    open: 100,
    closing: 0,
    closed: { here: 0, there: 0, isSure: true },
    clock: new Uint16Array(608),
    demand: null,
  };
  /** Two minutes of looks, the last of them as given. */
  const after = (last: Partial<typeof flow>, look: Partial<NatLook> = {}) => {
    const ledger = new NatLedger([one], { left: 100 });
    const base = { isBroken: false, isAll: true, unseen: 0, counters: { estabResets: 0 } };
    for (let at = 0; at <= 120_000; at += 1000) {
      const isLast = at === 120_000;
      ledger.update({ ...base, at, isBroken: at === 0, ...(isLast ? look : {}) }, [
        isLast ? { ...flow, ...last } : flow,
      ]);
    }
    return natPools([one], [ledger], true, 120_000)[0]!;
  };
  const short = ({ used, usedLow, usedHigh, headroom }: PoolReport) => ({ used, usedLow, usedHigh, headroom });

  it('are a reading where all is known', () => {
    const closed = { here: 3, there: 7, isSure: true };
    assert.deepEqual(short(after({ open: 90, closed })), { used: 100, usedLow: 100, usedHigh: 100, headroom: 900 });
  });

  it('are bounds where some may have been missed, were reset, or were never seen', () => {
    const closed = { here: 3, there: 7, isSure: false };
    assert.equal(after({ open: 90, closed }).used, null, 'missed');
    const sure = { open: 90, closed: { ...closed, isSure: true } };
    assert.deepEqual(short(after(sure, { counters: { estabResets: 4 } })), {
      used: 100,
      usedLow: 96,
      usedHigh: 100,
      headroom: 900,
    });
    assert.deepEqual(short(after(sure, { unseen: 50 })), { used: null, usedLow: 100, usedHigh: 150, headroom: null });
    assert.deepEqual(short(after(sure, { unseen: null })), {
      used: null,
      usedLow: 100,
      usedHigh: null,
      headroom: null,
    });
  });
});

describe('natPools of the presets', () => {
  for (const [preset, perSecond] of Object.entries(SUSTAINABLE)) {
    it(`${preset}: predicts that it is used up before it is, and is quiet at what it sustains`, () => {
      // On a small share, so that the host's own ports last.
      const machines = preset === 'aws-nat-gateway' || preset === 'azure-nat-gateway' ? 20 : 1;
      const one = quota(`preset=${preset};machines=${machines}`);
      const seconds = one.heldSeconds * 1.6;
      const tooMuch = watch(one, [perRequest((1.5 * perSecond) / machines)], { seconds });
      const end = tooMuch.model.exhaustedAt;
      assert.ok(end !== null, 'the model runs out');
      const alert = tooMuch.samples.find(({ alerts }) => alerts.includes('LastportNatQuotaLow'));
      assert.ok(alert !== undefined && alert.at * 1000 < end, `alert at ${alert?.at} s, used up at ${end / 1000} s`);
      const foreseen = tooMuch.samples.find(({ pool }) => pool.forecast.exhaustedInSecondsAtLow !== null);
      assert.ok(foreseen !== undefined && foreseen.at * 1000 < end, `foreseen at ${foreseen?.at} s`);
      const full = tooMuch.samples.find(({ pool }) => pool.forecast.kind === 'exhausted');
      assert.ok(full !== undefined && full.pool.usedLow >= one.ports);

      // At 70 % it settles at 70 %: two destinations of it are no more than one where a port serves both.
      const rate = (0.7 * perSecond) / machines;
      const traffic = [perRequest(rate), perRequest(rate, { remotePort: 8081 })].map((each) => ({
        ...each,
        poisson: false,
      }));
      const enough = watch(one, traffic, { seconds });
      assert.equal(enough.model.exhaustedAt, null);
      assert.deepEqual(
        enough.samples.flatMap(({ alerts }) => alerts.filter((name) => name.startsWith('LastportNat'))),
        [],
      );
      assertTrue(enough.samples, one.heldSeconds + 5, Math.max(3, rate));
    });
  }

  it('says when, within a tenth of the time that is left at half-way', () => {
    const one = quota('ports=6000;held=240s');
    const { model, samples } = watch(one, [perRequest(60)], { seconds: 130 });
    const end = (model.exhaustedAt as number) / 1000;
    const half = samples.find(({ at }) => at >= end / 2)!;
    const { exhaustedInSeconds, exhaustedInSecondsAtLow } = half.pool.forecast;
    const left = end - half.at;
    assert.ok(Math.abs(exhaustedInSeconds! - left) < left * 0.1, `${exhaustedInSeconds}, truly ${left}`);
    assert.ok(exhaustedInSecondsAtLow! >= exhaustedInSeconds! * 0.99, 'what has surely held is no more');
    assert.equal(half.pool.forecast.settlesAt !== null && half.pool.forecast.settlesAt > 6000, true);
  });

  it('resolves when the NAT has forgotten enough', () => {
    const rate = (seconds: number) => (seconds < 40 ? 60 : 0);
    const { samples } = watch(quota('ports=2500;held=60s'), [perRequest(0, { rate })], { seconds: 200 });
    const alerts = samples.flatMap(({ alerts }) => alerts.filter((name) => name.startsWith('LastportNat')));
    assert.deepEqual(alerts, ['LastportNatQuotaLow', 'LastportNatQuotaLow resolved']);
  });
});
