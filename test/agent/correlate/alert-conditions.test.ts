import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AlertThresholds,
  DEFAULT_THRESHOLDS,
  destinationConditions,
  inWords,
  namespaceConditions,
} from '../../../agent/correlate/alert-conditions.ts';
import { UNUSED_FORECAST } from '../../../agent/correlate/forecast.ts';
import type { DestinationReport, Forecast } from '../../../agent/model/assessment.ts';
import { destination, namespace } from '../../support/assessments.ts';

/** 10,000 usable ports, nothing blocked. */
const one = (usedPorts: number, forecast: Partial<Forecast> = {}, more: Partial<DestinationReport> = {}) =>
  destination({
    usablePorts: 10_000,
    usedPorts,
    blockedPorts: 0,
    headroomPorts: 10_000 - usedPorts,
    fastHeadroomPorts: 5000 - usedPorts,
    forecast: { ...UNUSED_FORECAST, settlesAtPorts: usedPorts, ...forecast },
    ...more,
  });
const found = (report: DestinationReport, limits: Partial<AlertThresholds> = {}) =>
  destinationConditions(report, { ...DEFAULT_THRESHOLDS, ...limits }).map(
    ({ alertname, severity }) => `${alertname.replace('Lastport', '')} ${severity}`,
  );
const runsOut = (seconds: number): Partial<Forecast> => ({
  kind: 'draining',
  exhaustedInSeconds: seconds,
  exhaustedInSecondsAtLow: seconds,
  settlesAtPorts: null,
});

describe('destinationConditions', () => {
  const level = { exhaustedInSecondsAtLow: null };
  for (const [what, report, expected] of [
    ['calm', one(2000), []],
    ['nobody uses it', one(0, runsOut(1)), []],
    ['runs out soon', one(2000, runsOut(60)), ['ExhaustionPredicted warning']],
    [
      'runs out soon, a quarter used',
      one(2500, runsOut(60)),
      ['ExhaustionPredicted warning', 'ExhaustionPredicted critical'],
    ],
    ['runs out later than the horizon', one(2500, runsOut(121)), []],
    ['only at the demand of now', one(2500, { ...runsOut(60), exhaustedInSecondsAtLow: null }), []],
    [
      'a handful used, the rest blocked',
      one(10, runsOut(1), { blockedPorts: 9000, headroomPorts: 990 }),
      ['HeadroomLow warning'],
    ],
    ['heading for the cliff', one(3000, { slowConnectInSecondsAtLow: 30 }), ['SlowConnect warning']],
    ['at the cliff, level', one(5000, { slowConnectInSeconds: 0, ...level }), ['SlowConnect warning']],
    [
      'at the cliff, level, hardly any left: told already',
      one(9700, { slowConnectInSeconds: 0, ...level }),
      ['SlowConnect warning'],
    ],
    ['few left and falling', one(8500, { settlesAtPorts: 12_000 }), ['HeadroomLow warning']],
    [
      'very few left and falling',
      one(9600, { settlesAtPorts: 12_000 }),
      ['HeadroomLow warning', 'HeadroomLow critical'],
    ],
    ['few left, coming back by itself', one(8500, { settlesAtPorts: 3000 }), []],
    [
      'none left',
      one(10_000, { kind: 'exhausted', exhaustedInSeconds: 0, slowConnectInSeconds: 0 }),
      ['PortsExhausted critical', 'SlowConnect warning'],
    ],
  ] as const) {
    it(what, () => {
      assert.deepEqual(found(report), expected);
    });
  }

  it('follows the thresholds it is given', () => {
    assert.deepEqual(found(one(2000, runsOut(200)), { horizonSeconds: 300, criticalUsedRatio: 0.1 }), [
      'ExhaustionPredicted warning',
      'ExhaustionPredicted critical',
    ]);
    assert.deepEqual(found(one(6000, { settlesAtPorts: 9000 }), { headroomWarningRatio: 0.5 }), [
      'HeadroomLow warning',
    ]);
  });
});

describe('namespaceConditions', () => {
  const full = namespace({
    counters: { conntrackEntries: 90, conntrackMax: 100, socketsTimeWait: 96 },
    timeWaitMost: 100,
  });
  it('says nothing unless it is switched on', () => {
    assert.deepEqual(namespaceConditions(full, DEFAULT_THRESHOLDS), []);
  });
  it('tells of tables that are nearly full', () => {
    const limits = { ...DEFAULT_THRESHOLDS, conntrackRatio: 0.8, timeWaitTableRatio: 0.95 };
    assert.deepEqual(
      namespaceConditions(full, limits).map(({ alertname }) => alertname),
      ['LastportConntrackLow', 'LastportTimeWaitTableFull'],
    );
    assert.deepEqual(namespaceConditions(namespace({ counters: {}, timeWaitMost: null }), limits), []);
  });
});

describe('inWords', () => {
  it('is as exact as is of use', () => {
    assert.deepEqual([0, 4.12, 44.4, 300, 90_000].map(inWords), ['now', 'in 4.1 s', 'in 44 s', 'in 5 min', 'in 25 h']);
    assert.equal(inWords(null), 'soon');
  });
});
