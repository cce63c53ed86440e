import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LastLook, Pace, type Watched } from '../../../agent/look/pace.ts';

const pulse = (sockets: number) => ({ inUse: sockets, timeWait: 0, allocated: sockets });
const looked = (overrides: Partial<LastLook> = {}): LastLook => ({
  at: 0,
  costMs: 5,
  pulse: pulse(10),
  usablePorts: 1000,
  verdict: 'healthy',
  left: 0.5,
  isUnfinished: false,
  ...overrides,
});
const watched = (overrides: Partial<Watched> = {}): Watched => ({
  pulse: pulse(10),
  unlisted: 0,
  last: looked(),
  isAskedAnew: false,
  ...overrides,
});
const due = (one: Watched, now = 1000) => new Pace().due([one], now).includes(one);

describe('Pace', () => {
  it('leaves alone what its pulse proves harmless and unchanged, until it is stale', () => {
    assert.equal(due(watched()), false);
    assert.equal(due(watched(), 9999), false);
    assert.equal(due(watched(), 10_000), true);
  });

  for (const [what, one] of [
    ['has never been looked at', watched({ last: null })],
    ['has changed', watched({ pulse: pulse(11) })],
    ['is asked something else', watched({ isAskedAnew: true })],
    ['has 5 % of its ports in use', watched({ pulse: pulse(50), last: looked({ pulse: pulse(50) }) })],
    ['may have 5 % bound', watched({ unlisted: 40 })],
    ['is unfinished', watched({ last: looked({ isUnfinished: true }) })],
    ['was not well', watched({ last: looked({ verdict: 'watch' }) })],
    ['could not be looked at', watched({ last: looked({ verdict: 'blind', usablePorts: null }) })],
    ['has no pulse', watched({ pulse: null })],
  ] as const) {
    it(`looks at what ${what}`, () => assert.equal(due(one), true));
  }

  it('looks at the three fullest in every tick, at the others in turn, as a share of a core', () => {
    const pace = new Pace();
    const full = (sockets: number) => {
      const last = looked({ at: 900, costMs: 20, pulse: pulse(sockets) });
      return watched({ pulse: pulse(sockets), last });
    };
    const all = [full(100), full(500), full(300), full(200), full(400)];
    assert.deepEqual(pace.due(all, 1000), [all[1], all[4], all[2]]);
    // Two others of 20 ms each: a tenth of a core is 400 ms from look to look.
    assert.deepEqual(pace.due(all, 1300), [all[1], all[4], all[2], all[3], all[0]]);
  });

  it('looks at a calm one as a share of a core goes, though it is full, and within 5 s', () => {
    const full = (last: Partial<LastLook>) =>
      watched({ pulse: pulse(900), last: looked({ pulse: pulse(900), left: 0.8, costMs: 100, ...last }) });
    assert.equal(due(full({}), 999), false);
    assert.equal(due(full({}), 1000), true);
    assert.equal(due(full({ costMs: 900 }), 4999), false);
    assert.equal(due(full({ costMs: 900 }), 5000), true);
    assert.equal(due(full({ left: 0.7 }), 1), true);
    assert.equal(due(full({ verdict: 'watch' }), 1), true);
  });

  it('spends what there is to spare on the harmless ones, the oldest first, and no more', () => {
    const pace = new Pace();
    const one = (at: number) => watched({ pulse: pulse(11), last: looked({ at, costMs: 20 }) });
    const all = Array.from({ length: 20 }, (_, index) => one(100 - index));
    assert.deepEqual(pace.due(all, 1000), [all[19], all[18]], '30 ms in one tick');
    let ticks = 0;
    for (let now = 1001; pace.due(all, now).length > 0; now++) ticks++;
    assert.ok(ticks < 12, `a burst of 200 ms, not ${ticks} more ticks`);
    // 0.5 % of a core: 20 s are 100 ms.
    assert.equal(pace.due(all, 21_000).length, 2);
  });

  it('does not let newcomers wait for the spare time, nor look at all of them in one tick', () => {
    const known = watched({ last: looked({ costMs: 10 }) });
    const all = [known, ...Array.from({ length: 10 }, () => watched({ last: null }))];
    assert.equal(new Pace().due(all, 1).length, 3);
  });

  it('sees a rise of 2 % of the ports, where 5 % are in use', () => {
    const rising = (sockets: number, before: number) =>
      Pace.isRising(watched({ pulse: pulse(sockets), last: looked({ pulse: pulse(before) }) }));
    assert.equal(rising(49, 0), false);
    assert.equal(rising(50, 31), false);
    assert.equal(rising(50, 30), true);
    assert.equal(Pace.isRising(watched({ last: null })), false);
  });
});
