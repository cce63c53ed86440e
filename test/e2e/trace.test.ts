import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DestinationReport } from '../../agent/model/assessment.ts';
import { obstacle } from '../kernel/netns.ts';
import { A, B, C } from '../kernel/situations/places.ts';
import { Inside, LASTPORT_AT, USABLE, WITH_TRACEFS } from './inside.ts';
import { sampleValue } from './samples.ts';

/** Connects as often as it is told, closing first or second, and counts what came of it. */
const CLIENT = `
import collections, errno, socket, sys
to, count, bind = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
host, port = to.rsplit(":", 1)
came_to = collections.Counter()
for _ in range(count):
    s = socket.socket()
    try:
        if bind: s.bind(("0.0.0.0", 0))
        s.connect((host, int(port)))
        came_to["ok"] += 1
    except OSError as error: came_to[errno.errorcode[error.errno]] += 1
    s.close()
print(*(came_to[name] for name in ("ok", "EADDRNOTAVAIL", "EADDRINUSE")), flush=True)
`;

/** Where tracefs would be, there is nothing. */
const HIDDEN = 'mount -t tmpfs none /sys/kernel && exec "$@"';

const skip = await obstacle();
const TRACED = { flags: ['--trace', '--ask', 'off'], wrap: WITH_TRACEFS };
const INSTANCES = [...WITH_TRACEFS, 'ls', '/sys/kernel/tracing/instances'];

describe('lastport run --trace', { skip, timeout: 60_000 }, () => {
  const destination = async (inside: Inside, to: string): Promise<DestinationReport | undefined> => {
    const { namespaces } = await inside.assessment();
    return namespaces[0]?.destinations.find(({ remote, remotePort }) => `${remote}:${remotePort}` === to);
  };

  it('counts every open and every close that the program made, looks or not', async () => {
    const inside = await Inside.open({ ...TRACED, tick: '2s' });
    try {
      const { net } = inside;
      await net.connect({ to: A, count: 200, name: 'a' });
      await net.hangUp('a', 'server', 120);
      await net.hangUp('a', 'client', 80);
      const page = await inside.until('the closes', async () => {
        const text = await inside.freshMetrics();
        return text.includes('lastport_destination_closes_total{') ? text : null;
      });
      const to = { destination: A };
      assert.equal(sampleValue(page, 'lastport_destination_opens_total', to), 200);
      assert.equal(sampleValue(page, 'lastport_destination_closes_total', { ...to, closer: 'remote' }), 120);
      assert.equal(sampleValue(page, 'lastport_destination_closes_total', { ...to, closer: 'local' }), 80);
      assert.equal(sampleValue(page, 'lastport_trace_lost_events_total'), 0);
    } finally {
      await inside.close();
    }
  });

  it('counts the connect() calls that found no port as the program does, and names it', async () => {
    const inside = await Inside.open(TRACED);
    try {
      const { stdout, stderr } = await inside.net.run(['python3', '-c', CLIENT, A, String(USABLE + 250)]);
      const [ok, refused] = stdout.split(' ').map(Number);
      assert.equal(ok, USABLE, stderr);
      assert.equal(refused, 250);
      const errors = await inside.until('the refusals', async () => {
        const found = (await destination(inside, A))?.connectErrors ?? [];
        return found.some(({ total }) => total >= 250) ? found : null;
      });
      assert.deepEqual(
        errors.map(({ code, total, command }) => ({ code, total, command })),
        [{ code: 'EADDRNOTAVAIL', total: 250, command: 'python3' }],
      );
      const page = await inside.freshMetrics();
      const code = 'EADDRNOTAVAIL';
      assert.equal(sampleValue(page, 'lastport_connect_errors_total', { destination: A, code }), 250);
      assert.equal(sampleValue(page, 'lastport_namespace_connect_errors_total', { code }), 250);
      assert.equal(sampleValue(page, 'lastport_destination_opens_total', { destination: A }), USABLE);
    } finally {
      await inside.close();
    }
  });

  it('counts the bind() calls before connect() that found no port', async () => {
    const inside = await Inside.open(TRACED);
    try {
      const { stdout } = await inside.net.run(['python3', '-c', CLIENT, A, String(USABLE + 40), 'bind']);
      const [, , refused] = stdout.split(' ').map(Number);
      assert.ok(refused! >= 40, stdout);
      const errors = await inside.until('the refusals', async () => {
        const [namespace] = (await inside.assessment()).namespaces;
        // curl's own binds are refused too.
        const ours = (namespace?.connectErrors ?? []).filter(({ command }) => command === 'python3');
        return ours.some(({ total }) => total >= refused!) ? ours : null;
      });
      assert.deepEqual(
        errors.map(({ code, total }) => ({ code, total })),
        [{ code: 'EADDRINUSE', total: refused }],
      );
    } finally {
      await inside.close();
    }
  });

  it('knows which ports bind() has chosen, without asking', async () => {
    const inside = await Inside.open(TRACED);
    try {
      const { net } = inside;
      await net.connect({ to: B, count: 30, bind: 'port', name: 'b' });
      await net.connect({ to: C, count: 20, name: 'c' });
      await net.connect({ to: A, count: 10, name: 'a' });
      await net.hangUp('b', 'client', 10);
      await net.hangUp('c', 'client', 10);
      const report = await inside.until('all of them', async () => {
        const one = await destination(inside, A);
        return one?.usedPorts === 10 && one.blockedPorts === 30 ? one : null;
      });
      assert.equal(report.maybeBlockedPorts, 0);
      assert.equal(report.headroomPortsLow, report.headroomPorts);
      const truth = await net.count(A);
      assert.equal(report.headroomPorts, truth.headroom);
    } finally {
      await inside.close();
    }
  });

  it('leaves no instance of tracefs behind, nor one that a killed one left', async () => {
    const inside = await Inside.open({ flags: ['--trace'], wrap: WITH_TRACEFS });
    const { net } = inside;
    try {
      const ours = async () => (await net.run(INSTANCES)).stdout.split('\n').filter((name) => name.startsWith(PREFIX));
      const PREFIX = `lastport-${inside.pidOf('lastport')}-`;
      const [first] = await ours();
      assert.ok(first, 'it has one while it runs');
      await inside.stop('lastport');
      assert.deepEqual(await ours(), []);
      await net.run([...WITH_TRACEFS, 'mkdir', `/sys/kernel/tracing/instances/${first}`]);
      assert.deepEqual(await ours(), [first], 'what a killed one would leave');
      await inside.startLastport({ flags: ['--trace'], wrap: WITH_TRACEFS });
      await inside.until('it to be gone', async () => ((await ours()).length === 0 ? 'yes' : null));
    } finally {
      await inside.close();
    }
  });

  it('says why where there is no tracefs, and does without', async () => {
    const inside = await Inside.open({ flags: ['--trace'], wrap: ['unshare', '--mount', 'sh', '-c', HIDDEN, 'sh'] });
    try {
      await inside.net.connect({ to: A, count: 10 });
      const { gaps, trace } = await inside.until('a look at A', async () =>
        (await destination(inside, A)) === undefined ? null : await inside.assessment(),
      );
      assert.equal(trace, null);
      const [gap] = gaps.filter(({ source }) => source === 'sock-trace');
      assert.match(gap?.why ?? '', /tracefs is not to be seen at .*: mount -t tracefs/);
      const page = await inside.get(`${LASTPORT_AT}/metrics`);
      assert.equal(sampleValue(page, 'lastport_gaps', { source: 'sock-trace' }), 1);
    } finally {
      await inside.close();
    }
  });
});
