import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAssessment } from '../../../agent/model/assessment-shape.ts';
import { ports, row } from '../../support/arbitraries.ts';
import { assessment, bindPool, cause, destination, namespace, PROBED, pool } from '../../support/assessments.ts';
import { namespaceOf } from '../../support/readings.ts';
import { BUSY } from '../../support/top-views.ts';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const of = (overrides: object) => throughJson({ ...assessment(), ...overrides });
const ofDestination = (overrides: object) =>
  of({ namespaces: [{ ...namespace(), destinations: [{ ...destination(PROBED), ...overrides }] }] });

/** What passes and cannot be shown is looked for by the fuzzer (test/fuzz/targets/answers.ts, daemon-answer). */
describe('isAssessment', () => {
  it('takes whatever a daemon says', () => {
    const blind = namespace({ verdict: 'blind', range: null, usablePorts: null, twReuse: null, destinations: [] });
    for (const one of [assessment(), BUSY, of({ namespaces: [blind], pools: [pool()] }), of({ namespaces: [] })]) {
      assert.ok(isAssessment(throughJson(one)));
    }
    const causes = [cause(), cause({ cause: 'unknown', callSite: '/a.js:1' })];
    assert.ok(isAssessment(ofDestination({ causes, owners: null, connectErrors: null, tide: null, probe: null })));
  });

  it('takes what comes of any table', () => {
    fc.assert(
      fc.property(fc.array(row(4), { maxLength: 20 }), ports, (rows, settings) => {
        assert.ok(isAssessment(of({ namespaces: [namespaceOf(rows, { ports: settings })] })));
      }),
    );
  });

  for (const [what, value] of [
    ['nothing', null],
    ['a list', []],
    ['another schema', of({ schema: 'lastport/2' })],
    ['no time', of({ takenAt: 'yesterday' })],
    ['a verdict that is none', of({ verdict: 'splendid' })],
    ['a destination without states', ofDestination({ states: undefined })],
    ['names as numbers', ofDestination({ remote: 7 })],
    ['numbers that are none', ofDestination({ usedPorts: null })],
    ['a state that would steer a terminal', ofDestination({ states: { 'a\u001b[8m': 1 } })],
    ['a cause that is none', ofDestination({ causes: [{ ...cause(), cause: 'toString' }] })],
    ['a pool that is none', of({ namespaces: [{ ...namespace(), bindPools: [{ ...bindPool(), local: null }] }] })],
  ] as const) {
    it(`refuses ${what}`, () => assert.ok(!isAssessment(value)));
  }
});
