import assert from 'node:assert/strict';
import { it } from 'node:test';
import { obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { Inside } from './inside.ts';
import { sampleValue } from './samples.ts';

/** More than 5 % of the ports: from there on a destination has series of its own. */
const HELD = 80;
const ROUNDS = 8;

const skip = await obstacle();
it('lastport run counts opens, and closes by the side that closed first, as they were made', {
  skip,
  timeout: 30_000,
}, async () => {
  const inside = await Inside.open();
  try {
    const { net } = inside;
    await net.connect({ to: A, count: HELD, name: 'held' });
    const first = await inside.until('a second look', async () => {
      const page = await inside.freshMetrics();
      return page.includes('lastport_destination_opens_total{') ? counted(page) : null;
    });
    const truth = { opens: first.opens, local: first.local, remote: first.remote };
    for (let round = 0; round < ROUNDS; round++) {
      await net.connect({ to: A, count: 40, name: 'load' });
      truth.opens += 40;
      // Seen alive, or the peer's closes would leave nothing.
      assert.equal(counted(await inside.freshMetrics()).opens, truth.opens);
      await net.hangUp('load', 'client', 25);
      await net.hangUp('load', 'server', 15);
      truth.local += 25;
      truth.remote += 15;
      await inside.until('the closes', async () => {
        const now = counted(await inside.freshMetrics());
        return now.local >= truth.local && now.remote >= truth.remote ? now : null;
      });
    }
    // And connections that no look has seen alive: their TIME_WAIT tells.
    await net.connect({ to: A, count: 30, name: 'short' });
    await net.hangUp('short', 'client');
    truth.opens += 30;
    truth.local += 30;
    await inside.freshMetrics();
    assert.deepEqual(counted(await inside.freshMetrics()), truth);
  } finally {
    await inside.close();
  }
});

function counted(page: string) {
  const to = { destination: A };
  const closes = (closer: string) => sampleValue(page, 'lastport_destination_closes_total', { ...to, closer });
  return {
    opens: sampleValue(page, 'lastport_destination_opens_total', to),
    local: closes('local'),
    remote: closes('remote'),
  };
}
