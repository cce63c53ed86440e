import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parsePortList,
  parsePortRange,
  parseRate,
  parseShare,
  parseTwReuse,
} from '../../../agent/config/plan-values.ts';

describe('values of the options of plan', () => {
  for (const [parse, text, expected] of [
    [parseRate, '4000', 4000],
    [parseRate, '0.5', 0.5],
    [parseShare, '90%', 0.9],
    [parseShare, '94.33%', 0.9433],
    [parseShare, '0.9', 0.9],
    [parseShare, '0', 0],
    [parseShare, '1', 1],
    [parseShare, '100%', 1],
    [parsePortRange, '32768-60999', { low: 32768, high: 60999 }],
    [parsePortRange, '1-65535', { low: 1, high: 65535 }],
    [parsePortList, '8080', [{ low: 8080, high: 8080 }]],
    [
      parsePortList,
      '8080,9000-9100',
      [
        { low: 8080, high: 8080 },
        { low: 9000, high: 9100 },
      ],
    ],
    [parseTwReuse, '0', 'off'],
    [parseTwReuse, '1', 'on'],
    [parseTwReuse, '2', 'loopback'],
  ] as const) {
    it(`${parse.name} takes ${text}`, () => assert.deepEqual(parse(text), expected));
  }

  for (const [parse, text, message] of [
    [parseRate, '4k', '"4k" is not a rate; use 4000 or 0.5'],
    [parseRate, '-1', '"-1" is not a rate; use 4000 or 0.5'],
    [parseRate, '1e3', '"1e3" is not a rate; use 4000 or 0.5'],
    [parseRate, '0', '"0" is out of bounds; use 0.01 to 10000000'],
    [parseRate, '10000001', '"10000001" is out of bounds; use 0.01 to 10000000'],
    [parseShare, '90', '"90" is not a share; use 90% or 0.9'],
    [parseShare, '101%', '"101%" is not a share; use 90% or 0.9'],
    [parseShare, '-0.1', '"-0.1" is not a share; use 90% or 0.9'],
    [parseShare, '', '"" is not a share; use 90% or 0.9'],
    [parsePortRange, '32768', '"32768" is not a range of ports, the lower one first; use 32768-60999'],
    [parsePortRange, '60999-32768', '"60999-32768" is not a range of ports, the lower one first; use 32768-60999'],
    [parsePortRange, '0-9', '"0-9" is not a range of ports, the lower one first; use 32768-60999'],
    [parsePortRange, '1-65536', '"1-65536" is not a range of ports, the lower one first; use 32768-60999'],
    [parsePortList, '8080,', '"" is not a port or a range of ports; use 8080 or 9000-9100'],
    [parsePortList, '70000', '"70000" is not a port or a range of ports; use 8080 or 9000-9100'],
    [parseTwReuse, '3', '"3" will not do; use 0, 1 or 2'],
  ] as const) {
    it(`${parse.name} refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parse(text), { name: 'RangeError', message });
    });
  }
});
