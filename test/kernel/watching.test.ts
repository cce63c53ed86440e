import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Netns, obstacle, TIME_WAIT } from './netns.ts';
import { compare, RANGE } from './situation.ts';
import { A, B, C } from './situations/places.ts';
import { Watcher } from './watcher.ts';

const ESTABLISHED = 1;
const IN = '10.9.0.1:40010';

const skip = await obstacle();
describe('lastport run against the kernel: what one look cannot tell, the look before could', { skip }, () => {
  it('a port whose listener has gone stays blocked as long as a connection it accepted is left', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: RANGE.join(' ') } });
    try {
      await net.listen('[::]:8080');
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      const watcher = await Watcher.start(net, { to: [A, B, C], tick: '100ms' });
      try {
        await watcher.look();
        await net.unlisten('in');
        const live = await watcher.look();
        const blocked = { headroom: 99, fast: 49, knowable: 'exact', shows: { blockedPorts: 1 } } as const;
        compare({ to: A, ...blocked }, await net.count(A), live, false, 'sock_diag');

        await net.drop('accepted');
        await net.drop('c');
        await net.until(TIME_WAIT, 5);
        const waiting = await watcher.look();
        compare({ to: B, ...blocked }, await net.count(B), waiting, false, 'sock_diag');
      } finally {
        assert.equal(await watcher.stop(), 0, 'the exit status on SIGTERM');
      }
    } finally {
      await net.close();
    }
  });

  it('and comes back with the last of them', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: RANGE.join(' ') } });
    try {
      await net.listen('[::]:8080');
      await net.listen(IN, { where: 'client', name: 'in' });
      await net.connect({ where: 'server', to: IN, count: 5, name: 'c' });
      await net.accepted('in', 5, 'accepted');
      const watcher = await Watcher.start(net, { to: [A], tick: '100ms' });
      try {
        await watcher.look();
        await net.unlisten('in');
        await watcher.look();
        // The other side closes first: nothing is left here.
        await net.drop('c');
        await net.drop('accepted');
        await net.until(ESTABLISHED, 0);
        const free = { headroom: 100, fast: 50, knowable: 'exact', shows: { blockedPorts: 0 } } as const;
        const afterwards = await watcher.look();
        compare({ to: A, ...free }, await net.count(A), afterwards, false, 'sock_diag');
      } finally {
        await watcher.stop();
      }
    } finally {
      await net.close();
    }
  });
});
