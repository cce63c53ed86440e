import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AlertBook } from '../../../../agent/correlate/alert-book.ts';
import { type AlertThresholds, DEFAULT_THRESHOLDS } from '../../../../agent/correlate/alert-conditions.ts';
import { poolConditions, poolDetails } from '../../../../agent/correlate/pools/pool-conditions.ts';
import { NO_POOL_FORECAST, type PoolForecast, type PoolReport } from '../../../../agent/model/pool.ts';
import { assessment, namespace, pool } from '../../../support/assessments.ts';
import { RULES } from '../../../support/simulator.ts';

const ON: AlertThresholds = { ...DEFAULT_THRESHOLDS, conntrackRatio: 0.8, timeWaitTableRatio: 0.95 };
const forecast = (more: Partial<PoolForecast>): PoolForecast => ({ ...NO_POOL_FORECAST, ...more });
const conditions = (one: Partial<PoolReport>, limits = ON) =>
  poolConditions(pool({ forecast: NO_POOL_FORECAST, ...one }), limits);

describe('poolConditions', () => {
  it('tells of a quota that is low now, or will be', () => {
    const [low] = conditions({ usedLow: 900 });
    assert.equal(low?.alertname, 'LastportNatQuotaLow');
    assert.equal(low.severity, 'warning');
    assert.equal(low.isForecast, false);
    assert.equal(low.summary, 'azure-load-balancer to 203.0.113.7:443 has at most 124 of 1024 ports left');
    const [ending] = conditions({ usedLow: 300, forecast: forecast({ exhaustedInSecondsAtLow: 44 }) });
    assert.equal(ending?.isForecast, true);
    assert.match(ending.summary, /724 of 1024 ports left, used up in 44 s/);
    assert.deepEqual(conditions({ usedLow: 300 }), []);
  });

  it('goes by the thresholds of the configuration', () => {
    assert.equal(conditions({ usedLow: 900 }, { ...ON, headroomWarningRatio: 0.1 }).length, 0);
    const end = { usedLow: 300, forecast: forecast({ exhaustedInSecondsAtLow: 44 }) };
    assert.equal(conditions(end, { ...ON, horizonSeconds: 30 }).length, 0);
  });

  it('tells of a table that will be full, if its alert is on and its level has not told already', () => {
    const ending = { limit: 1000, usedLow: 500, netns: 'host', forecast: forecast({ exhaustedInSecondsAtLow: 60 }) };
    const [conntrack] = conditions({ ...ending, kind: 'conntrack' });
    assert.equal(conntrack?.alertname, 'LastportConntrackLow');
    assert.equal(conntrack.summary, 'The connection tracking table of host is full in 60 s');
    assert.equal(conditions({ ...ending, kind: 'time_wait' })[0]?.alertname, 'LastportTimeWaitTableFull');
    assert.deepEqual(conditions({ ...ending, kind: 'conntrack' }, DEFAULT_THRESHOLDS), []);
    assert.deepEqual(conditions({ ...ending, kind: 'conntrack', usedLow: 800 }), []);
    assert.deepEqual(conditions({ ...ending, kind: 'conntrack', forecast: NO_POOL_FORECAST }), []);
  });

  it('describes what is known, and no more', () => {
    assert.match(poolDetails(pool({ used: 412 })).description, /: 412 of 1024 used/);
    assert.match(
      poolDetails(pool({ used: null, usedLow: 3, usedHigh: null })).description,
      /: at least 3 of 1024 used/,
    );
    assert.match(
      poolDetails(pool({ used: null, usedLow: 3, usedHigh: 90 })).description,
      /: at least 3, at most 90 of 1024/,
    );
  });
});

describe('AlertBook of pools', () => {
  const at = (one: PoolReport, conntrackEntries = 0) =>
    assessment({
      namespaces: [namespace({ destinations: [], counters: { conntrackEntries, conntrackMax: 1000 } })],
      pools: [one],
    });

  it('gives a quota one alert, whose labels stay while its destination and numbers change', () => {
    const book = new AlertBook(RULES);
    const first = book.update(at(pool({ usedLow: 900, forecast: NO_POOL_FORECAST })), 0, 0).changed;
    const destination = { remote: '198.51.100.1', remotePort: 80 };
    const second = book.update(at(pool({ usedLow: 950, destination, forecast: NO_POOL_FORECAST })), 1000, 1000);
    assert.deepEqual(
      first.map(({ labels }) => labels),
      [{ instance: 'test', pool: 'azure-load-balancer', alertname: 'LastportNatQuotaLow', severity: 'warning' }],
    );
    assert.deepEqual(second.changed, []);
    assert.match(second.firing[0]!.annotations.summary, /198\.51\.100\.1:80/);
    const last = [31, 62].flatMap((seconds) => book.update(at(pool()), seconds * 1000, seconds * 1000).changed);
    assert.deepEqual(
      last.map(({ labels, endsAt }) => [labels.alertname, endsAt]),
      [['LastportNatQuotaLow', 31_000]],
    );
  });

  it('keeps one alert of a table from its forecast to its level', () => {
    const book = new AlertBook({ ...RULES, thresholds: ON });
    const table = pool({ kind: 'conntrack', name: 'conntrack', netns: 'host', limit: 1000 });
    const ending = { ...table, usedLow: 500, forecast: forecast({ exhaustedInSecondsAtLow: 60 }) };
    const [alert] = book.update(at(ending, 500), 0, 0).changed;
    assert.deepEqual(alert?.labels, {
      instance: 'test',
      netns: 'host',
      alertname: 'LastportConntrackLow',
      severity: 'warning',
    });
    assert.deepEqual(book.update(at({ ...table, usedLow: 900 }, 900), 1000, 1000).changed, []);
  });
});
