import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { destinationVerdict } from '../../../agent/correlate/verdict.ts';
import type { Headroom } from '../../../agent/model/assessment.ts';

/** 100 usable ports, 50 of the first parity. */
const left = (headroomPorts: number, fastHeadroomPorts: number): Headroom => ({
  usablePorts: 100,
  usedPorts: 100 - headroomPorts,
  blockedPorts: 0,
  maybeBlockedPorts: 0,
  reusablePorts: 0,
  headroomPorts,
  headroomPortsLow: headroomPorts,
  fastHeadroomPorts,
});

describe('destinationVerdict', () => {
  for (const [headroomPorts, fast, outOfReach, expected] of [
    [100, 50, 0, 'healthy'],
    [55, 5, 0, 'healthy'],
    [54, 4, 0, 'watch'],
    [51, 1, 0, 'watch'],
    [50, 0, 0, 'warning'],
    [19, 19, 0, 'warning'],
    [5, 5, 0, 'warning'],
    [4, 4, 0, 'critical'],
    [0, 0, 0, 'critical'],
    // An odd-sized range: the port that is left is found by one connect() in thousands.
    [51, 1, 1, 'warning'],
    [52, 2, 1, 'watch'],
    [1, 1, 1, 'critical'],
  ] as const) {
    it(`${headroomPorts} left, ${fast} before the cliff, ${outOfReach} out of reach: ${expected}`, () => {
      assert.equal(destinationVerdict(left(headroomPorts, fast), 50, outOfReach), expected);
    });
  }

  it('knows no cliff where the whole first parity is reserved', () => {
    assert.equal(destinationVerdict(left(100, 0), 0), 'healthy');
  });
});
