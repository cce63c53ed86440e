import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { obstacle, TIME_WAIT } from '../kernel/netns.ts';
import { A, B } from '../kernel/situations/places.ts';
import { Inside, LASTPORT_AT, USABLE } from './inside.ts';
import { sampleValue } from './samples.ts';

const HELD = 40;
const ROUND = 20;
/** As the docs have it: connect() looks at every second port first. */
const FIRST_PARITY = USABLE / 2;

const LOADS = [
  { name: 'a destination under load', closed: 360 },
  // 40 + 600 ports are more than those of the first parity.
  { name: 'a destination beyond the cliff', closed: 600 },
];

const skip = await obstacle();
describe('curl localhost:9477/metrics shows what really connecting confirms', { skip }, () => {
  for (const { name, closed } of LOADS) {
    it(`${name}: ${HELD} connections held, ${closed} opened and closed`, { timeout: 30_000 }, async () => {
      const inside = await Inside.open();
      try {
        const { net } = inside;
        await net.connect({ to: A, count: HELD, name: 'held' });
        // Has ports of the same range, which are no loss to A.
        await net.connect({ to: B, count: 150, name: 'elsewhere' });
        let seen = 0;
        for (let made = 0; made < closed; made += ROUND) {
          await net.connect({ to: A, count: ROUND, name: 'load' });
          await net.hangUp('load', 'client');
          if (made % 200 === 100) {
            const during = usedPorts(await inside.freshMetrics());
            assert.equal(during, HELD + made + ROUND, 'used ports in the middle of the load');
            seen++;
          }
        }
        assert.ok(seen > 0, 'looked at during the load');
        await net.until(TIME_WAIT, closed, { to: A });

        const page = await inside.freshMetrics();
        const truth = await net.count(A);
        assert.equal(truth.refused, 'EADDRNOTAVAIL');
        assert.deepEqual(truth.locals, ['10.9.0.1']);
        // By hand first: a kernel that does not do as the docs say must not go unnoticed.
        assert.equal(truth.headroom, USABLE - HELD - closed);
        assert.equal(truth.fast, Math.max(0, FIRST_PARITY - HELD - closed));

        assert.equal(of(page, 'headroom_ports'), truth.headroom);
        assert.equal(of(page, 'fast_headroom_ports'), truth.fast);
        assert.equal(usedPorts(page), USABLE - truth.headroom);
        assert.ok(of(page, 'headroom_low_ports') <= truth.headroom);
        assert.equal(of(page, 'ports', { state: 'established' }), HELD);
        assert.equal(of(page, 'ports', { state: 'time_wait' }), closed);

        // And after it: nothing is left, and that is said.
        const full = await inside.freshMetrics();
        assert.equal(of(full, 'headroom_ports'), 0);
        assert.equal(of(full, 'saturation_ratio'), 1);
        assert.match(await inside.get(`${LASTPORT_AT}/healthz`), /^ok/);
      } finally {
        await inside.close();
      }
    });
  }
});

function of(page: string, metric: string, labels: Readonly<Record<string, string>> = {}): number {
  return sampleValue(page, `lastport_destination_${metric}`, {
    local: '10.9.0.1',
    destination: A,
    remote_name: '',
    ...labels,
  });
}

function usedPorts(page: string): number {
  return of(page, 'used_ports');
}
