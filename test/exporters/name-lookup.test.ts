import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAddress, rememberingLookup, systemLookup } from '../../exporters/name-lookup.ts';

describe('rememberingLookup', () => {
  it('asks nobody for an address', async () => {
    const lookup = rememberingLookup(() => assert.fail('asked'));
    assert.deepEqual(await lookup('10.9.0.2'), ['10.9.0.2']);
    assert.deepEqual(await lookup('[fd09::2]'), ['fd09::2']);
  });

  it('asks anew each time', async () => {
    const answers = [['10.9.0.2'], ['10.9.0.3']];
    const lookup = rememberingLookup(async () => answers.shift() ?? []);
    assert.deepEqual(await lookup('am.example'), ['10.9.0.2']);
    assert.deepEqual(await lookup('am.example'), ['10.9.0.3']);
  });

  it('has one question under way at most', async () => {
    let asked = 0;
    let answer: (addresses: string[]) => void = () => undefined;
    const lookup = rememberingLookup(() => {
      asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const both = [lookup('am.example'), lookup('am.example')];
    answer(['10.9.0.2']);
    assert.deepEqual(await Promise.all(both), [['10.9.0.2'], ['10.9.0.2']]);
    assert.equal(asked, 1);
  });

  for (const [what, ask] of [
    ['fails', () => Promise.reject(new Error('EAI_AGAIN'))],
    ['is silent', () => new Promise<never>(() => undefined)],
  ] as const) {
    it(`gives the last answer where the name server ${what}`, async () => {
      let isFirst = true;
      const lookup = rememberingLookup(() => {
        if (!isFirst) return ask();
        isFirst = false;
        return Promise.resolve(['10.9.0.2']);
      });
      await lookup('am.example');
      assert.deepEqual(await lookup('am.example'), ['10.9.0.2']);
    });
  }

  it('rejects where there never was an answer, and asks again', async () => {
    let asked = 0;
    const lookup = rememberingLookup(async () => {
      asked++;
      throw new Error('ENOTFOUND');
    });
    await assert.rejects(lookup('am.example'), /ENOTFOUND/);
    await assert.rejects(lookup('am.example'), /ENOTFOUND/);
    assert.equal(asked, 2);
  });

  it('takes eight addresses at most', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `10.9.0.${index}`);
    assert.equal((await rememberingLookup(async () => many)('am.example')).length, 8);
  });
});

describe('systemLookup', () => {
  it('knows /etc/hosts', async () => {
    const addresses = await systemLookup('localhost');
    assert.ok(
      addresses.some((one) => one === '127.0.0.1' || one === '::1'),
      String(addresses),
    );
  });
});

describe('isAddress', () => {
  it('is true for what a URL has for a host that needs no name server', () => {
    assert.deepEqual(['10.9.0.2', '[fd09::2]', 'am.example'].map(isAddress), [true, true, false]);
  });
});
