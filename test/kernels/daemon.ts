import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Assessment, DestinationReport } from '../../agent/model/assessment.ts';
import { until } from '../e2e/until.ts';
import { Netns, obstacle } from '../kernel/netns.ts';
import { A, B } from '../kernel/situations/places.ts';
import { Watcher } from '../kernel/watcher.ts';

/** Of 100 ports. */
const NEARLY_ALL = 98;
/** 10 with each look: more than the 1.7 a second that a hundred ports give for good, also where a look takes seconds. */
const MOST_ROUNDS = 9;

const skip = await obstacle();
describe('the daemon on this kernel', { skip }, () => {
  for (const engine of ['sock_diag', 'procfs'] as const) {
    it(`warns, names the owner, and serves metrics, the JSON and the page, by ${engine}`, async () => {
      const net = await Netns.open({ sysctls: { ip_local_port_range: '40000 40099', tcp_tw_reuse: 0 } });
      try {
        await net.listen('[::]:8080');
        const watcher = await Watcher.start(net, { tick: '500ms', options: ['--engine', engine] });
        try {
          await watcher.look();
          await net.connect({ to: A, count: NEARLY_ALL });
          let last: Assessment | undefined;
          const evidence = () => `${JSON.stringify(last)}\n${watcher.log()}`;
          const full = await until(
            'all of them, and whose they are',
            async () => {
              last = await watcher.look();
              const one = of(last, '10.9.0.2');
              return one?.usedPorts === NEARLY_ALL && one.unownedPorts === 0 ? one : null;
            },
            evidence,
          );
          assert.equal(full.headroomPorts, 100 - NEARLY_ALL);
          assert.equal(full.verdict, 'critical');
          assert.match(full.owners?.[0]?.comm ?? '', /^python3/);
          assert.equal((await watcher.look()).namespaces[0]?.engine, engine);

          await until(
            'the alert',
            async () => (/"alert".*10\.9\.0\.2/.test(watcher.log()) ? 'fired' : null),
            watcher.log,
          );
          const metrics = await watcher.get('/metrics');
          assert.match(
            metrics.text,
            /^lastport_destination_headroom_ports\{[^}]*destination="10\.9\.0\.2:8080"[^}]*\} 2$/m,
          );
          const page = await watcher.get('/');
          assert.equal(page.status, 200);
          assert.match(page.text, /<html/);
        } finally {
          assert.equal(await watcher.stop(), 0);
        }
      } finally {
        await net.close();
      }
    });

    it(`foresees the end of the ports, by ${engine}`, async () => {
      const net = await Netns.open({ sysctls: { ip_local_port_range: '40000 40099', tcp_tw_reuse: 0 } });
      try {
        await net.listen('[::]:8080');
        const watcher = await Watcher.start(net, { tick: '500ms', options: ['--engine', engine] });
        try {
          await watcher.look();
          let seen: DestinationReport | undefined;
          for (let round = 0; round < MOST_ROUNDS && seen?.forecast.exhaustedInSeconds == null; round++) {
            await net.connect({ to: B, count: 10, name: `round ${round}` });
            await net.hangUp(`round ${round}`, 'client');
            seen = of(await watcher.look(), '10.9.0.3');
          }
          assert.ok((seen?.forecast.exhaustedInSeconds ?? null) !== null, JSON.stringify(seen?.forecast));
          assert.ok((seen?.opensPerSecond ?? 0) > 0);
        } finally {
          assert.equal(await watcher.stop(), 0);
        }
      } finally {
        await net.close();
      }
    });
  }
});

function of({ namespaces }: Assessment, remote: string) {
  return namespaces[0]?.destinations.find((one) => one.remote === remote);
}
