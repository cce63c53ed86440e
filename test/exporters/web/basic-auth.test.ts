import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BasicAuth } from '../../../exporters/web/basic-auth.ts';

const hash = (letter: string, cost = '10') => `$2y$${cost}$${letter.repeat(53)}`;
const header = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** What was compared with what, each answered when the test says so; a password fits the hash that repeats its letter. */
function auth() {
  const asked: { password: string; hash: string; answer: () => void; fail: (error: Error) => void }[] = [];
  let now = 0;
  const basic = new BasicAuth(
    (password, against) =>
      new Promise((resolve, reject) => {
        asked.push({
          password,
          hash: against,
          answer: () => resolve(against.endsWith(password.repeat(53))),
          fail: reject,
        });
      }),
    () => now,
  );
  const users = new Map([['a', hash('x')]]);
  return {
    asked,
    users,
    later: (ms: number) => {
      now += ms;
    },
    check: (user: string, password: string, who = '10.0.0.1', all: ReadonlyMap<string, string> = users) =>
      basic.check(header(user, password), all, who),
  };
}

describe('BasicAuth', () => {
  it('checks a pair once, right or wrong, and the right one again after an hour', async () => {
    const { asked, check, later } = auth();
    for (const [password, welcome] of [
      ['x', 'known'],
      ['y', 'unknown'],
    ] as const) {
      const before = asked.length;
      const first = check('a', password);
      asked.at(-1)?.answer();
      assert.equal(await first, welcome);
      assert.equal(await check('a', password), welcome);
      assert.equal(asked.length, before + 1);
    }
    later(3600 * 1000);
    const again = check('a', 'x');
    assert.equal(asked.length, 3);
    asked.at(-1)?.answer();
    assert.equal(await again, 'known');
  });

  it('compares an unknown user with a hash as slow as the slowest, which nothing fits', async () => {
    const { asked, check } = auth();
    const users = new Map([
      ['a', hash('x', '05')],
      ['b', hash('x', '12')],
      ['c', hash('x', '10')],
    ]);
    const checking = check('nobody', '.', '10.0.0.1', users);
    assert.match(asked[0]?.hash ?? '', /^\$2y\$12\$.{53}$/);
    // Even if it did.
    asked[0]?.answer();
    assert.equal(await checking, 'unknown');
  });

  it('asks once for the same that comes many times at once', async () => {
    const { asked, check } = auth();
    const all = Array.from({ length: 1000 }, (_, index) => check('a', 'x', `10.0.${index % 200}.1`));
    assert.equal(asked.length, 1);
    asked[0]?.answer();
    assert.deepEqual(new Set(await Promise.all(all)), new Set(['known']));
  });

  it('lets four of one address wait and sixteen of all, and takes others when they have gone', async () => {
    const { asked, check } = auth();
    const all = Array.from({ length: 30 }, (_, index) => check('a', `guess ${index}`, `10.0.0.${index % 3}`));
    assert.equal(asked.length, 12);
    all.push(...Array.from({ length: 10 }, (_, index) => check('a', `more ${index}`, `10.0.1.${index}`)));
    assert.equal(asked.length, 16);
    for (const { answer } of asked) answer();
    const outcomes = await Promise.all(all);
    assert.equal(outcomes.filter((one) => one === 'busy').length, 24);
    const next = check('a', 'x', '10.0.0.1');
    asked.at(-1)?.answer();
    assert.equal(await next, 'known');
  });

  it('is not made to forget who is right by those who guess', async () => {
    const { asked, check } = auth();
    const right = check('a', 'x');
    asked.at(-1)?.answer();
    await right;
    for (let index = 0; index < 1000; index++) {
      const guess = check('a', `guess ${index}`);
      asked.at(-1)?.answer();
      await guess;
    }
    const before = asked.length;
    assert.equal(await check('a', 'x'), 'known');
    assert.equal(asked.length, before);
  });

  it('rejects where nothing can be checked, and tries again', async () => {
    const { asked, check } = auth();
    const checking = check('a', 'x');
    asked[0]?.fail(new Error('no thread'));
    await assert.rejects(checking, /no thread/);
    const again = check('a', 'x');
    asked[1]?.answer();
    assert.equal(await again, 'known');
  });
});
