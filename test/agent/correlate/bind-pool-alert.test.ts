import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AlertBook, type AlertOverride, type AlertRules } from '../../../agent/correlate/alert-book.ts';
import { bindPoolConditions, DEFAULT_THRESHOLDS } from '../../../agent/correlate/alert-conditions.ts';
import { bindPoolVerdict } from '../../../agent/correlate/verdict.ts';
import type { BindPoolReport } from '../../../agent/model/assessment.ts';
import { assessment, bindPool, namespace } from '../../support/assessments.ts';

const RULES: AlertRules = {
  thresholds: DEFAULT_THRESHOLDS,
  overrides: [],
  labels: { instance: 'web-1' },
  runbookBase: 'docs/alerts.md',
  dashboardUrl: null,
};
const { forecast } = bindPool();
const low = bindPool({
  usedPorts: 23_232,
  headroomPorts: 5000,
  anyHeadroomPorts: 5000,
  forecast: { ...forecast, peakUsedPorts: 23_400, settlesAtPorts: 23_300 },
});
const ending = bindPool({
  forecast: { ...forecast, kind: 'draining', exhaustedInSeconds: 9, exhaustedInSecondsAtLow: 11, settlesAtPorts: null },
});

describe('LastportBindPoolLow', () => {
  const cases: readonly [string, BindPoolReport, string | null][] = [
    ['plenty left', bindPool(), null],
    ['its end is in sight', ending, 'bind() before connect() from 10.9.0.1 runs out of ports in 9.0 s'],
    ['its end is in sight, and hardly any of it used', { ...ending, usedPorts: 500 }, null],
    [
      'its end is beyond the horizon',
      { ...ending, forecast: { ...ending.forecast, exhaustedInSeconds: 121, exhaustedInSecondsAtLow: 121 } },
      null,
    ],
    [
      'its end is in sight only at a demand that may be chance',
      { ...ending, forecast: { ...ending.forecast, exhaustedInSecondsAtLow: null } },
      null,
    ],
    ['less than 20 % left', low, 'bind() before connect() from 10.9.0.1 has 18 % of its ports left'],
    ['less than 20 %, and nobody binds', { ...low, opensPerSecond: 0 }, null],
    ['less than 20 %, and it is not known whether anybody binds', { ...low, opensPerSecond: null }, null],
    [
      'less than 20 % now, and coming back by itself',
      { ...low, forecast: { ...forecast, settlesAtPorts: 12_000 } },
      null,
    ],
    [
      'little left for a bind to any address, and it may be one',
      bindPool({ anyHeadroomPorts: 2000 }),
      'bind() before connect() from 10.9.0.1 has 7.1 % of its ports left',
    ],
    [
      'little left for a bind to any address, and it is none',
      bindPool({ anyHeadroomPorts: 2000, bindsTo: 'local' }),
      null,
    ],
    [
      'nothing left, so that nobody can bind',
      bindPool({ headroomPorts: 0, anyHeadroomPorts: 0, opensPerSecond: 0 }),
      'bind() before connect() from 10.9.0.1 has no port left: it fails with EADDRINUSE',
    ],
  ];
  for (const [what, pool, summary] of cases) {
    it(`${summary === null ? 'is silent' : 'fires'}: ${what}`, () => {
      const [condition] = bindPoolConditions(pool, DEFAULT_THRESHOLDS);
      assert.equal(condition?.summary ?? null, summary);
      assert.equal(bindPoolVerdict(pool) === 'warning', summary !== null, 'as the verdict is');
    });
  }

  const book = (overrides: readonly AlertOverride[] = []) => new AlertBook({ ...RULES, overrides });
  const look = (pool: BindPoolReport) =>
    assessment({ namespaces: [namespace({ destinations: [], bindPools: [pool] })], collectors: [] });

  it('is one alert with the same labels until it is resolved, whatever changes', () => {
    const alerts = book();
    const begun = alerts.update(look(ending), 0, 0).changed;
    const labels = { instance: 'web-1', netns: 'host', local: '10.9.0.1', alertname: 'LastportBindPoolLow' };
    assert.deepEqual(
      begun.map((one) => one.labels),
      [{ ...labels, severity: 'warning' }],
    );
    assert.match(begun[0]?.annotations.description ?? '', /1400 of 28232 ports are taken at 10\.9\.0\.1, 21 bound/);
    assert.deepEqual(alerts.update(look(low), 1000, 1000).changed, []);
    assert.equal(
      alerts.firing[0]?.annotations.summary,
      'bind() before connect() from 10.9.0.1 has 18 % of its ports left',
    );
    assert.deepEqual(alerts.update(look(bindPool()), 30_000, 30_000).changed, []);
    const [ended] = alerts.update(look(bindPool()), 32_000, 32_000).changed;
    assert.deepEqual(ended?.labels, begun[0]?.labels);
    assert.equal(ended?.endsAt, 32_000);
  });

  it('goes by the rules of an override of its namespace, and by none of a destination', () => {
    const rest = { destination: null, unit: null, netns: null, thresholds: {}, maxSeverity: null, until: null };
    assert.deepEqual(book([{ ...rest, netns: 'host' }]).update(look(low), 0, 0).changed, []);
    assert.equal(book([{ ...rest, netns: 'other' }]).update(look(low), 0, 0).changed.length, 1);
    assert.equal(book([{ ...rest, destination: '10.9.0.2:8080' }]).update(look(low), 0, 0).changed.length, 1);
    const lenient = { ...rest, netns: 'host', maxSeverity: undefined, thresholds: { headroomWarningRatio: 0.1 } };
    assert.deepEqual(book([lenient]).update(look(low), 0, 0).changed, []);
  });
});
