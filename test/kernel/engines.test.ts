import assert from 'node:assert/strict';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import { until } from '../e2e/until.ts';
import { Netns, OLD, obstacle, TIME_WAIT } from './netns.ts';
import { LASTPORT } from './situation.ts';
import { A, A6, B, HERE, LOOPBACK, listenAtHome, OTHER } from './situations/places.ts';

const skip = await obstacle();

async function look(net: Netns, ...options: string[]): Promise<Assessment> {
  const argv = [process.execPath, LASTPORT, 'check', '--netns', 'self', '--format', 'json', ...options];
  return JSON.parse((await net.run(argv)).stdout);
}

/** All that both engines can know of a namespace. */
function flows({ namespaces }: Assessment) {
  const { destinations, listeners, inboundSockets, outboundSockets } = namespaces[0]!;
  const shown = destinations.map(({ local, remote, remotePort, usedPorts, states }) =>
    JSON.stringify({ local, remote, remotePort, usedPorts, states: Object.entries(states).sort() }),
  );
  return { destinations: shown.sort(), listeners, inboundSockets, outboundSockets };
}

describe('both engines', { skip }, () => {
  it('find the same flows, for all families and states', async () => {
    // Without reuse: a round that comes more than a second later would take ports out of TIME_WAIT, and lose count.
    const net = await Netns.open({ sysctls: { ip_local_port_range: '40000 40999', tcp_tw_reuse: 0 } });
    try {
      await net.listen('[::]:8080');
      await listenAtHome(net);
      // Between the two looks of each round things change; the first round in which nothing did must agree.
      for (let round = 0; round < 3; round++) {
        const at = (name: string) => `${name} ${round}`;
        await net.connect({ to: A, count: 20, name: at('live') });
        await net.connect({ to: A6, count: 20, name: at('live6') });
        await net.connect({ to: B, count: 10, mapped: true, name: at('mapped') });
        await net.connect({ to: LOOPBACK, count: 10, name: at('loop') });
        await net.connect({ to: A, from: OTHER, count: 5, bind: 'port', name: at('bound') });
        await net.connect({ to: '10.9.0.66:8080', count: 5, pending: true, name: at('pending') });
        await net.connect({ to: B, count: 30, name: at('closed') });
        await net.hangUp(at('closed'), 'client');
        await net.until(TIME_WAIT, 30 * (round + 1), { to: B, maxLeft: OLD });
        await net.hangUp(at('live'), 'fin_wait2', 5);
        await net.hangUp(at('live'), 'server-only', 5);
        await net.hangUp(at('live6'), 'half', 5);
        const text = flows(await look(net, '--engine', 'procfs', '--ask', 'off'));
        const dump = flows(await look(net, '--engine', 'sock_diag', '--ask', 'off'));
        assert.deepEqual(dump, text);
        assert.ok(dump.destinations.length >= 6 && dump.inboundSockets >= 10, 'there is something to agree about');
      }
    } finally {
      await net.close();
    }
  });
});

describe('asking the kernel', { skip }, () => {
  it('sends nothing, moves no counter, leaves nothing, and 1,000 ports cost no time to speak of', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: '40000 43999' } });
    try {
      await net.listen('[::]:8080');
      await net.connect({ to: A, count: 1000 });
      const rows = async () => (await net.rows()).map((row) => row.split(' ').slice(0, 3).join(' ')).sort();
      // Beside TCP's own, what goes over lo: the wire has packets that nobody here sent.
      const counters = async () => {
        const read = async (name: string) => (await net.read(`/proc/thread-self/net/${name}`)).split('\n');
        const lines = [...(await read('snmp')), ...(await read('netstat')), ...(await read('dev'))];
        return lines.filter((line) => /^ *(Tcp|TcpExt|lo):/.test(line));
      };
      const [before, countersBefore] = [await rows(), await counters()];
      const assessment = await look(net, '--to', B);
      assert.deepEqual(await counters(), countersBefore);
      assert.equal(countersBefore.length, 5);
      assert.deepEqual(await rows(), before);
      const b = assessment.namespaces[0]?.destinations.find(({ remote }) => remote === '10.9.0.3');
      assert.equal(b?.maybeBlockedPorts, 0, 'all 1,000 were asked about');
      assert.equal(b?.headroomPortsLow, 4000);
    } finally {
      await net.close();
    }
  });

  it('works with packets where fast open is off, and is not missed where it is not wanted', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: '40000 40099', tcp_fastopen: 0 } });
    try {
      await net.listen('[::]:8080');
      await net.connect({ to: A, count: 20, bind: 'port' });
      await net.connect({ to: A, count: 20, name: 'chosen' });
      const of = ({ namespaces }: Assessment) =>
        namespaces[0]?.destinations.find(({ remote }) => remote === '10.9.0.3');
      const { headroomPorts, headroomPortsLow, blockedPorts } = of(await look(net, '--to', B))!;
      assert.deepEqual(
        { headroomPorts, headroomPortsLow, blockedPorts },
        { headroomPorts: 80, headroomPortsLow: 80, blockedPorts: 20 },
      );
      const { gaps } = await look(net, '--to', B, '--ask', 'off');
      assert.deepEqual(gaps, [], 'nothing is missing that was not wanted');
    } finally {
      await net.close();
    }
  });

  it('lets every program bind and connect that could before', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: '40000 40099' } });
    try {
      await net.listen('[::]:8080');
      await net.connect({ to: A, count: 50, name: 'held' });
      const socket = join(mkdtempSync(join(tmpdir(), 'lastport-ask-')), 'socket');
      const lastport = await net.start(
        [
          process.execPath,
          LASTPORT,
          'run',
          '--netns',
          'self',
          '--ask',
          'all',
          '--tick',
          '100ms',
          '--listen',
          `unix:${socket}`,
          '--to',
          B,
        ],
        '/dev/null',
      );
      try {
        await until('the daemon', async () => (existsSync(socket) ? socket : null));
        for (let round = 0; round < 30; round++) {
          const name = `round ${round}`;
          // Any port of the range, also those asked about: of another address, as a program that serves there would.
          await net.bind(`${OTHER}:${40000 + 2 * round}`, 1, name);
          await net.connect({ to: B, from: HERE, count: 1, name: `${name} out` });
          await net.drop(name);
        }
      } finally {
        assert.equal(await net.stop(lastport), 0);
      }
    } finally {
      await net.close();
    }
  });
});
