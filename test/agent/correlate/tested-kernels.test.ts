import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRelied, kernelGap, kernelStanding, TESTED_KERNELS } from '../../../agent/correlate/tested-kernels.ts';

describe('kernelStanding', () => {
  for (const [release, standing] of [
    ['5.10.0-32-amd64', 'tested'],
    ['6.1.0-50-amd64', 'tested'],
    ['6.18.44-fc-v657', 'tested'],
    ['5.14.0-570.el9.x86_64', 'between'],
    ['6.8.0-45-generic', 'between'],
    ['4.18.0-553.el8_10.x86_64', 'older'],
    ['5.9.1', 'older'],
    ['6.19.0', 'newer'],
    ['7.0', 'newer'],
    ['unknown', 'unknown'],
    ['', 'unknown'],
  ] as const) {
    it(`of "${release}" is ${standing}`, () => assert.equal(kernelStanding(release), standing));
  }

  it('knows the list in order', () => {
    const minors = TESTED_KERNELS.map((one) => one.split('.').map(Number)).map(
      ([major, minor]) => major! * 100 + minor!,
    );
    assert.deepEqual(
      minors,
      [...minors].sort((a, b) => a - b),
    );
  });
});

describe('kernelGap', () => {
  it('is said out of the reach of what was tested, and only there', () => {
    assert.match(
      kernelGap('4.18.0')?.why ?? '',
      /^Linux 4\.18\.0 is older than those they were tested on, 5\.10 to 6\.\d+$/,
    );
    assert.match(kernelGap('9.0')?.why ?? '', /is newer/);
    for (const release of ['5.14.0', '6.18.1', 'unknown']) {
      assert.equal(kernelGap(release), null);
      assert.ok(isRelied(release));
    }
  });
});
