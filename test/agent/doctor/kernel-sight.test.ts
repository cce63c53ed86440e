import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kernelSights } from '../../../agent/doctor/kernel-sight.ts';

describe('kernelSights', () => {
  for (const [release, seen, words, costs] of [
    ['6.1.0-50-amd64', 'yes', /of which this is one$/, null],
    ['5.14.0-570.el9', 'yes', /before and after this one$/, null],
    ['4.18.0-553.el8', 'partly', /this one is older$/, /headroomPortsLow/],
    ['9.1.0', 'partly', /this one is newer$/, /headroomPortsLow/],
    [null, 'yes', /cannot be read$/, null],
  ] as const) {
    it(`of ${release}`, () => {
      const [sight] = kernelSights(release);
      assert.equal(sight?.seen, seen);
      assert.match(sight?.found ?? '', words);
      if (costs === null) assert.equal(sight?.costs, null);
      else assert.match(sight?.costs ?? '', costs);
    });
  }
});
