import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Demand, DemandHistory, type DemandLook } from '../../../agent/correlate/demand.ts';
import { BIN_MS } from '../../../agent/correlate/steady-flow.ts';

interface Second {
  readonly opened: number;
  /** Closed by this side, and by the peer. */
  readonly local?: number;
  readonly remote?: number;
  readonly open?: number;
  readonly isHindered?: boolean;
  /** In this second. */
  readonly refused?: number;
}

/** What is asked for after these seconds, each with a look at its end. */
function after(seconds: readonly Second[], ages: readonly number[] = []): Demand | null {
  const first: DemandLook = { ...look(0, { opened: 0 }), ages };
  const history = new DemandHistory(first);
  let demand = history.demand(first);
  let refused = 0;
  for (const [index, second] of seconds.entries()) {
    refused += second.refused ?? 0;
    const facts = { ...look(index + 1, second), refused };
    history.add(facts);
    demand = history.demand(facts);
  }
  return demand;
}

function look(
  second: number,
  { opened, local = opened, remote = 0, open = 0, isHindered = false }: Second,
): DemandLook {
  const bins = 1000 / BIN_MS;
  const openedByAge = new Uint16Array(bins).fill(Math.round(Math.min(opened, local) / bins));
  return {
    at: 100_000 + second * 1000,
    visit: { open, opened, closedHere: local, closedThere: 0, openOutside: 0, openedOutside: 0, openedByAge },
    opened,
    rates: { opensPerSecond: opened, closesPerSecond: { local, remote }, opensTotal: null, closesTotal: null },
    isHindered,
    refused: 0,
    ages: [],
  };
}
const times = (count: number, second: Second): Second[] => new Array(count).fill(second);
const near = (actual: number | undefined, expected: number) =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= expected * 0.05, `${actual}, not ${expected}`);

describe('DemandHistory', () => {
  it('knows nothing at first, unless the ages of TIME_WAIT tell', () => {
    assert.equal(after([]), null);
    near(after([], new Array(200).fill(100))?.rate.perSecond, 1000);
  });

  it('measures the rate, how long connections live, and who closes', () => {
    const demand = after(times(10, { opened: 400, local: 300, remote: 100, open: 200 }));
    near(demand?.rate.perSecond, 400);
    near(demand?.endsPerSecond, 2);
    near(demand?.closedHere, 0.75);
    assert.equal(demand?.knowsLives, true);
    assert.ok((demand?.endsPerSecondHigh ?? 0) > 2);
  });

  it('does not know how long connections live while none has ended', () => {
    assert.equal(after(times(10, { opened: 100, local: 0, open: 1000 }))?.knowsLives, false);
  });

  it('does not believe the first few that end, of those that live a while', () => {
    const filling = times(5, { opened: 400, local: 0, open: 1600 });
    const begins = { opened: 400, local: 0, remote: 95, open: 2000 };
    assert.equal(after([...filling, begins])?.knowsLives, false);
    assert.equal(after([...filling, ...times(3, begins)])?.knowsLives, true);
  });

  for (const [what, hindrance] of [
    ['at the cliff', { opened: 210, isHindered: true }],
    ['while connect() fails', { opened: 0, refused: 500 }],
  ] as const) {
    it(`holds the demand of before ${what}`, () => {
      const demand = after([...times(10, { opened: 4000 }), ...times(30, hindrance)]);
      near(demand?.rate.perSecond, 4000);
      assert.equal(demand?.isHeld, true);
    });
  }

  it('holds it for longer than a minute while connections are still tried, and no longer where none is', () => {
    const before = times(10, { opened: 4000 });
    assert.equal(after([...before, ...times(200, { opened: 210, isHindered: true })])?.isHeld, true);
    assert.equal(after([...before, ...times(59, { opened: 0, isHindered: true })])?.isHeld, true);
    assert.equal(after([...before, ...times(62, { opened: 0, isHindered: true })])?.isHeld, false);
  });

  it('lets go of it when the way is free again', () => {
    const demand = after([
      ...times(10, { opened: 4000 }),
      ...times(10, { opened: 210, isHindered: true }),
      ...times(10, { opened: 200 }),
    ]);
    near(demand?.rate.perSecond, 200);
    assert.equal(demand?.isHeld, false);
  });
});
