import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runIn } from './inspector.ts';
import { IS_LONG, withSubject } from './subject.ts';

const RESTARTS = 'lastport_look_restarts_total';
const skip = process.platform !== 'linux' && 'needs Linux';
// Through the inspector, for the program has no way to be told to fail.
const options = { isHere: true, nodeFlags: ['--inspect=127.0.0.1:0'] };

describe('the thread that looks', { skip, timeout: 60_000 }, () => {
  for (const [what, expression] of [
    ['ends', 'process.exit(7)'],
    ['throws where nobody catches', 'setTimeout(() => { throw new Error("a fault") }, 0)'],
    ['takes all the memory it may', 'globalThis.all = []; for (;;) all.push({ an: [] })'],
  ] as const) {
    it(`is started again when it ${what}, which is counted, and nobody else ends`, () =>
      withSubject(options, async (subject) => {
        assert.equal(await subject.metric(RESTARTS), 0);
        await runIn('worker', subject, expression);
        await subject.until('a restart', async () => ((await subject.metric(RESTARTS)) === 1 ? 'yes' : null), 20_000);
        const { gaps } = await subject.look('looks again', ({ gaps }) => gaps.every(({ source }) => source !== 'look'));
        assert.ok(Array.isArray(gaps));
        assert.match(await subject.get('/healthz'), /^ok/);
      }));
  }

  const skipLong = IS_LONG ? false : 'takes 25 s: npm run test:faults:long';
  it('that hangs leaves no old look to be believed, and all is well when it goes on', { skip: skipLong }, () =>
    withSubject(options, async (subject) => {
      await subject.look();
      await runIn('worker', subject, 'const until = Date.now() + 20_000; while (Date.now() < until);');
      const blind = await subject.until(
        'blindness',
        async () => {
          const now = await subject.assessment();
          return now.verdict === 'blind' ? now : null;
        },
        20_000,
      );
      assert.deepEqual(
        blind.gaps.map(({ source }) => source),
        ['look'],
      );
      assert.equal(await subject.metric('lastport_gaps', 'source="look"'), 1);
      assert.equal(await subject.metric('lastport_destination_headroom_ports'), null);
      assert.match(await subject.get('/healthz'), /^stuck/);
      const { daemon, sights } = subject.doctor();
      assert.equal(daemon.state, 'unhealthy');
      assert.ok(sights.some(({ what, found }) => what === 'daemon' && /everything/.test(found)));
      await subject.look('sight', ({ verdict }) => verdict !== 'blind');
      assert.equal(await subject.metric(RESTARTS), 0);
    }),
  );
});
